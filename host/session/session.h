/*
 * One WebSocket connection from its opening to its end, and the desk that
 * keeps all of a worker's.
 *
 *     opened --(session_bind)--> bound --(closed)--> gone
 *        \------------(10 s: 4401)-----------------/
 */
#ifndef HOST_SESSION_SESSION_H
#define HOST_SESSION_SESSION_H

#include "host/session/hub.h"
#include "host/session/rpc.h"

struct session;

#define SESSION_LOGIN_S_MAX 10        /* not bound within this: 4401 */
#define SESSION_FLOOD_ANSWERS_MAX 100 /* rate_limited answers in SESSION_FLOOD_S: 4429 */
#define SESSION_FLOOD_S 10

struct desk_limits {
    bool rate_limits_on;     /* serve --limits off */
    double calls_per_s;      /* 50 */
    double calls_burst;      /* 200 */
    uint32_t json_depth_max; /* 32 */
};

struct desk_events {
    void *ctx;
    /*
     * A connection became a login's session (told before session_bind returns), or stopped being
     * one (told once, when the connection is gone); count: sessions of the user open on this node
     * now. The session and its texts are lent during the call.
     */
    void (*session_opened)(void *ctx, struct session *session, size_t count);
    void (*session_closed)(void *ctx, struct session *session, size_t count);
};

/* Returns worker number `index`'s desk. Its conn_events go into the server's options (or a
 * simulation). */
struct desk *desk_new(struct hub *hub, unsigned index, struct loop *loop,
                      const struct desk_limits *limits, const struct rpc_backend *backend,
                      const struct desk_events *events);
/* All connections are closed by now, all calls answered. */
void desk_free(struct desk *desk);
void desk_conn_events(struct desk *desk,
                      struct conn_events *events); /* fills opened, message, closed, ctx */
void desk_set_limits(struct desk *desk, const struct desk_limits *limits);
/*
 * Takes a call from the rate of this caller's user, or of their address before
 * login: 0, or the ms until there is one again. RPC calls take theirs
 * themselves; this is for other doors to the same rate.
 */
int64_t desk_take_call(const struct desk *desk, const struct caller *caller);
/* How many calls may come at once. */
double desk_calls_burst(const struct desk *desk);
struct loop *desk_loop(const struct desk *desk);
unsigned desk_index(const struct desk *desk);
struct hub *desk_hub(const struct desk *desk);
/* From now on new calls answer `unavailable`. */
void desk_drain(struct desk *desk);
/* Calls not yet answered, over HTTP too. */
size_t desk_calls_in_flight(const struct desk *desk);
/* Connections that are bound to a login. */
size_t desk_sessions(const struct desk *desk);

/*
 * Makes the connection the session of a login. It gets events from this moment.
 * An older connection of the same login, on any worker, is closed 4409. 0 (also when
 * it is that login's already), ERR_EXISTS (it is another login's), ERR_INVALID (an id over 64
 * bytes or with a NUL; a user or login that is empty), ERR_CLOSED (the connection is closing).
 */
int session_bind(struct session *session, struct bytes user_id, struct bytes device_id,
                 struct bytes login_id);
/* Lent while the session lives; NULL before session_bind. */
const char *session_user_id(const struct session *session);
const char *session_device_id(const struct session *session);
const char *session_login_id(const struct session *session);
connection_id session_connection(const struct session *session);

#endif
