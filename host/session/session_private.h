/* What the files of this folder know about desks, sessions and the hub, and nobody else does. */
#ifndef HOST_SESSION_SESSION_PRIVATE_H
#define HOST_SESSION_SESSION_PRIVATE_H

#include "host/base/json.h"
#include "host/loop/loop.h"
#include "host/loop/timer.h"
#include "host/session/audience.h"
#include "host/session/hub.h"
#include "host/session/session.h"

struct exchange;
struct metric;
struct parcel;

#define SESSION_ID_BYTES_MAX 64
/* Messages that a socket read brought although the connection was paused; the first is always kept.
 */
#define SESSION_PENDING_BYTES_MAX (256 * 1024)
#define DESK_SLOTS_MAX (1U << 24)
#define DESK_TARGETS_MAX 512 /* collected under one lock of the hub */
#define DESK_SPARE_EXCHANGES_MAX 1024

/*
 * Which login a connection is the session of. The session owns it; while it is
 * listed the hub reads it too, under the lock of the user's shard.
 */
struct identity {
    struct identity *older; /* the same user's; the hub's */
    uint64_t user_hash;
    uint64_t login_hash;
    connection_id connection;
    int64_t opened_at_ms;
    bool is_listed; /* the hub's */
    uint8_t user_len;
    uint8_t device_len;
    uint8_t login_len;
    char text[]; /* user, device, login, each with its NUL */
};

static inline const char *identity_user(const struct identity *identity)
{
    return identity->text;
}
static inline const char *identity_device(const struct identity *identity)
{
    return identity->text + identity->user_len + 1;
}
static inline const char *identity_login(const struct identity *identity)
{
    return identity_device(identity) + identity->device_len + 1;
}

/* ---- hub.c ---- */

void hub_add_desk(struct hub *hub, unsigned index, struct desk *desk);
void hub_remove_desk(struct hub *hub, unsigned index);
/*
 * Lists the identity; gives the user's number of sessions. Whom it replaces (the
 * same login, the oldest past HUB_USER_SESSIONS_MAX) is no longer listed and is
 * for the caller to close.
 */
size_t hub_list(struct hub *hub, struct identity *identity, connection_id replaced[2]);
/* Afterwards nobody else sees it; gives the user's number of sessions. May be called again. */
size_t hub_unlist(struct hub *hub, struct identity *identity);
/* Copies at most max connections of users[0..count), which lie in one shard, and says in *taken
 * how many users they are of; a user's connections are never split. */
struct audience_entry;
size_t hub_find_users(struct hub *hub, const struct audience_entry *users, size_t count,
                      connection_id *out, size_t max, size_t *taken);
/* Takes the sessions of a user or login off the list, except the spared one, and copies them. */
size_t hub_take_user(struct hub *hub, struct bytes user, connection_id spared, connection_id *out,
                     size_t max);
connection_id hub_find_login(struct hub *hub, struct bytes login);
unsigned hub_shard_of(uint64_t hash);

/* One worker's place in the hub; lives as long as the hub. */
struct hub_place {
    _Atomic(struct desk *) desk;
    struct loop *loop;
    _Atomic size_t waiting;       /* sends in parcels on their way to it */
    _Atomic size_t waiting_bytes; /* of their frames */
    _Atomic bool has_missed;
    struct letter missed; /* posted when has_missed turns true */
};
struct hub_place *hub_place(struct hub *hub, unsigned index);

/* ---- audience.c ---- */

struct audience_entry {
    uint64_t hash;
    struct bytes user;
};
/* Sorted by hash, so that users of one shard stand together. */
const struct audience_entry *audience_entries(const struct audience *audience);

/* ---- desk.c ---- */

struct desk_slot {
    struct session *session; /* NULL: free */
    uint32_t generation;     /* never 0 */
    uint32_t next_free;
};

struct desk {
    struct hub *hub;
    unsigned index;
    struct loop *loop;
    struct desk_limits limits;
    struct rpc_backend backend;
    struct desk_events events;
    bool is_draining;

    struct desk_slot *slots;
    uint32_t slots_count;
    uint32_t slots_capacity;
    uint32_t free_slot;       /* index + 1; 0: none */
    size_t bound;             /* sessions */
    struct session *oldest;   /* not bound, by their deadline */
    struct session *newest;   /* the other end of that list */
    struct timer login_timer; /* for the oldest */
    struct timer turn_timer;  /* due at once when there is something to do at the turn's end */
    struct session *ready;    /* may read on or run what waits */
    struct parcel *parcels[HUB_WORKERS_MAX];
    connection_id targets[DESK_TARGETS_MAX];
    struct frame *reset_frame;

    struct json_doc doc; /* the message at hand */
    bool doc_is_lent;
    struct buf scratch; /* an error or id being written */
    size_t calls;       /* not answered */
    struct exchange *spare;
    size_t spare_count;

    struct metric *connections_gauge;
    struct metric *sessions_gauge;
    struct metric *seconds;
    struct metric *delivered;
    uint32_t delivered_uncounted;
    struct metric **outcomes; /* by rpc_row */
};

/* The session a connection id of this desk names, or NULL. */
struct session *desk_session(const struct desk *desk, connection_id connection);
/* NULL when there is no slot left. */
struct session *desk_add_session(struct desk *desk, struct conn *conn);
void desk_remove_session(struct desk *desk, struct session *session);
void desk_await_login(struct desk *desk, struct session *session);
void desk_forget_login(struct desk *desk, struct session *session);
/* Something is to be done before the loop waits. */
void desk_wants_turn(struct desk *desk);
static inline unsigned connection_worker(connection_id connection)
{
    return (unsigned)(connection >> 56);
}

/* ---- hub_deliver.c ---- */

void desk_flush_parcels(struct desk *desk);
void desk_drop_parcels(struct desk *desk);
/* Closes one connection, wherever it is, after what is queued for it. */
void desk_close_connection(struct desk *desk, connection_id connection, enum close_code code,
                           struct bytes reason);

/* ---- session.c ---- */

enum session_state {
    SESSION_OPEN,
    SESSION_ENDING, /* no events, no new calls; closes when those in flight are answered */
    SESSION_ENDED,  /* told to close */
};

struct pending {
    struct pending *next;
    size_t len;
    char text[];
};

struct session_end {
    enum close_code code;
    struct bytes reason;
    char text[];
};

struct session {
    struct conn *conn;
    struct desk *desk;
    struct identity *identity; /* NULL: not bound */
    connection_id id;
    struct session *older; /* in the list of those not bound */
    struct session *newer;
    int64_t login_due_ms;
    struct exchange *exchanges;
    struct pending *pending; /* oldest first */
    struct pending *pending_last;
    uint32_t pending_bytes; /* of all but the first */
    uint32_t calls;         /* in flight */
    struct session *next_ready;
    struct session_end *end;
    int64_t flood_from_ms;
    uint16_t flood_answers;
    uint8_t state;
    bool is_paused;
    bool is_ready;
    bool awaits_login;
};

void session_opened(void *ctx, struct conn *conn);
void session_message(struct conn *conn, struct bytes text);
void session_closed(struct conn *conn);
/* An event, if it still wants any. */
void session_send(struct session *session, struct frame *frame);
/* After the calls in flight are answered. */
void session_end_softly(struct session *session, enum close_code code, struct bytes reason);
void session_end_now(struct session *session, enum close_code code, struct bytes reason);
void session_calls_began(struct session *session, uint32_t count);
void session_call_ended(struct session *session);
/* One rate_limited answer (or dropped notification) more. */
void session_count_flood(struct session *session);
void session_run_ready(struct session *session);

/* ---- rpc.c ---- */

/* Runs a message of a session; false when its calls do not fit the limit in flight now. */
bool rpc_run(struct session *session, struct bytes text);
/* The session is gone: nobody waits for its answers. */
void rpc_detach(struct session *session);
void rpc_free_spare(struct desk *desk);

/* ---- rpc_codes.c ---- */

size_t rpc_rows(void);
size_t rpc_row(enum rpc_code code); /* rpc_rows() - 1, `internal`'s, for an unknown code */
const char *rpc_row_type(size_t row);
const char *rpc_message(enum rpc_code code);

#endif
