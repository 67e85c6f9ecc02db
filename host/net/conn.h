/*
 * One client connection as everything above sees it: a real WebSocket, or a
 * simulated one in tests. It lives and dies on one worker's thread.
 */
#ifndef HOST_NET_CONN_H
#define HOST_NET_CONN_H

#include "host/base/bytes.h"
#include "host/net/frame.h"

/* RFC 6455, section 7.4, and our own (sdk/protocol.md, section 1). */
enum close_code {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_NOT_UTF8 = 1007,
    CLOSE_TOO_LARGE = 1009,
    CLOSE_UNAUTHENTICATED = 4401,
    CLOSE_REVOKED = 4403,
    CLOSE_SLOW = 4408,
    CLOSE_REPLACED = 4409,
    CLOSE_FLOODING = 4429,
};

#define CONN_ADDRESS_MAX 46
#define CONN_TOKEN_MAX 512
#define CONN_REASON_MAX 123

struct conn;
struct conn_ops {
    /* Queues the frame (taking a reference of its own) by the slow-consumer rule; never fails. */
    void (*send)(struct conn *conn, struct frame *frame);
    /* Starts closing after what is queued; closed is reported later. Safe to call twice. */
    void (*close)(struct conn *conn, enum close_code code, struct bytes reason);
    /* true: stop reading this connection; false: go on. */
    void (*pause)(struct conn *conn, bool paused);
};

struct conn {
    const struct conn_ops *ops;
    void *user;                     /* the session's, set in opened */
    char address[CONN_ADDRESS_MAX]; /* of the peer, numeric, without port */
    bool is_loopback;
    char *token; /* the bearer token of the upgrade, or NULL; lent while the connection lives */
};

static inline void conn_send(struct conn *conn, struct frame *frame)
{
    conn->ops->send(conn, frame);
}
static inline void conn_close(struct conn *conn, enum close_code code, struct bytes reason)
{
    conn->ops->close(conn, code, reason);
}
static inline void conn_pause(struct conn *conn, bool paused)
{
    conn->ops->pause(conn, paused);
}

/* What the layer above is told, always on the worker's thread. */
struct conn_events {
    void *ctx;
    /*
     * Before a WebSocket upgrade: 0 to go on, or an HTTP status to refuse with
     * (401). token is NULL when the request has no bearer token.
     */
    int (*upgrade)(void *ctx, const char *token, const char *address);
    void (*opened)(void *ctx, struct conn *conn);
    /* One whole text message; lent during the call; already valid UTF-8. */
    void (*message)(struct conn *conn, struct bytes text);
    /* The last call for this connection. */
    void (*closed)(struct conn *conn);
};

#endif
