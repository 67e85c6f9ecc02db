/*
 * A hub with two desks on two loops in one thread, peers without sockets, and
 * a backend of a few methods. The clock is the test's.
 */
#ifndef TESTS_UNIT_SESSION_STAGE_H
#define TESTS_UNIT_SESSION_STAGE_H

#include "host/session/session.h"

#define STAGE_DESKS 2
#define STAGE_HELD_MAX 256
#define PEER_FRAMES_MAX 512

/* Answers, and a call that needs no login. */
#define OK(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define ERR(id, code, message, type)                                                               \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" message       \
    "\",\"data\":{\"type\":\"" type "\"}}}"
#define ECHO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"open.echo\"}"

struct peer {
    struct conn conn;
    struct stage *stage;
    char *frames[PEER_FRAMES_MAX]; /* payloads, in the order they were sent */
    size_t frames_count;
    size_t read; /* by peer_next */
    int close_code;
    char close_reason[CONN_REASON_MAX + 1];
    bool is_paused;
    unsigned pauses; /* how often it was paused */
    bool is_closed;
};

/*
 * Methods: open to all are open.echo, open.later and login {user, login, device?},
 * which binds; echo, later, fail, who, quit (closes its own session 4403) need a
 * login. echo answers its params (or null), later is kept in `held`.
 */
struct stage {
    struct hub *hub;
    struct loop *loops[STAGE_DESKS];
    struct desk *desks[STAGE_DESKS];
    struct conn_events events[STAGE_DESKS];
    struct call *held[STAGE_HELD_MAX];
    size_t held_count;
    size_t started; /* calls the backend got */
    int opened;     /* events told */
    int closed;
    size_t last_count;
    char last_user[65];
};

/* Rate limits are off unless asked for. */
struct stage *stage_new(bool rate_limits_on);
/* Peers are hung up by now. Answers what is held. */
void stage_free(struct stage *stage);
/* Turns both loops until they are idle. */
void stage_settle(struct stage *stage);
/* Ends the oldest held call with this result. */
void stage_answer(struct stage *stage, const char *result);

/* Writes a batch of `count` calls of later, their ids from 0. */
void stage_batch(char *text, size_t size, int count);

struct peer *peer_new(struct stage *stage, unsigned worker);
/* A peer with a login; NULL device means "phone". Its answer is read already. */
struct peer *peer_login(struct stage *stage, unsigned worker, const char *user, const char *login);
void peer_say(struct peer *peer, const char *text);
/* The next payload not yet read, or NULL. */
const char *peer_next(struct peer *peer);
struct session *peer_session(const struct peer *peer);
/* Tells the desk that the connection is gone; the peer can still be read. */
void peer_hang_up(struct peer *peer);
void peer_free(struct peer *peer); /* hangs up when that was not done */

struct frame *event_frame(const char *name, enum frame_class frame_class);

#endif
