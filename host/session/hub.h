/*
 * Who is online, on which worker, and how an event reaches them. One hub a
 * process, shared by all workers: user ids and logins to connections, behind
 * sharded locks that are held for a look-up only.
 */
#ifndef HOST_SESSION_HUB_H
#define HOST_SESSION_HUB_H

#include "host/base/bytes.h"
#include "host/loop/loop.h"
#include "host/net/conn.h"

struct hub;
struct desk; /* a worker's sessions; see session.h */
struct audience;
struct limiter;

#define HUB_WORKERS_MAX 64
#define HUB_USER_SESSIONS_MAX 64 /* open at once for one user; the oldest is closed 4409 */

/* Worker, slot and generation in one number: stays valid to name, never names another connection.
 */
typedef uint64_t connection_id;
#define CONNECTION_NONE ((connection_id)0)

struct hub *hub_new(void);
/* After all desks and all workers' loops are freed: letters on their way point into it. */
void hub_free(struct hub *hub);
struct limiter *hub_limiter(struct hub *hub);

struct hub_session {
    connection_id connection;
    int64_t opened_at_ms; /* wall clock */
    char device_id[65];
    char session_id[65]; /* the login */
};
/* Copies at most max open sessions of a user; gives how many there are. Any thread. */
size_t hub_sessions_of(struct hub *hub, struct bytes user_id, struct hub_session *out, size_t max);

struct delivery {
    struct frame *frame;      /* shared, not taken */
    connection_id except;     /* CONNECTION_NONE: nobody */
    struct bytes except_user; /* len 0: nobody */
};
/*
 * To every open session of these users, on every worker: own worker at once
 * (into the outboxes), others by one letter a worker and turn. A worker whose
 * mailbox is full sends sync.reset to its sessions instead, so nobody misses
 * events without being told. From a worker's thread.
 */
void hub_deliver(struct desk *from, struct audience *audience, const struct delivery *delivery);
void hub_deliver_user(struct desk *from, struct bytes user_id, const struct delivery *delivery);
/* To one connection, wherever it is; dropped when it is gone. */
void hub_send(struct desk *from, connection_id connection, struct frame *frame);

enum hub_close_by { HUB_BY_CONNECTION, HUB_BY_LOGIN, HUB_BY_USER };
/*
 * Closes the matching open sessions on all workers after what is queued for them. From the moment
 * their worker learns of it (the own at once) they get no more events and start no more calls;
 * calls in flight are answered first ("answered, then closed"), the one running now among them.
 * For HUB_BY_CONNECTION the key is ignored and `connection` names it; else `connection` is spared
 * (CONNECTION_NONE: nobody is).
 */
void hub_close(struct desk *from, enum hub_close_by by, struct bytes key, connection_id connection,
               enum close_code code, struct bytes reason);

/* ---- one a worker ---- */

/* How many desks there are. desk_new registers a desk and desk_free takes it off; all of them are
 * registered before any of them serves. */
int hub_workers(const struct hub *hub);

#endif
