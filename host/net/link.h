/*
 * One TCP connection of a server. libwebsockets carries its bytes and its TLS;
 * what the bytes mean is ours: HTTP until an upgrade, WebSocket after it.
 *
 *     http -> ws -> ending        an upgrade, then either side's close
 *     http -> ending              the last answer, or a request we refuse
 *
 * An ending link writes what is queued, shuts its sending half and swallows
 * what still comes, so that the peer can read our last words.
 *
 * Private to host/net.
 */
#ifndef HOST_NET_LINK_H
#define HOST_NET_LINK_H

#include "host/loop/loop.h"
#include "host/loop/timer.h"
#include "host/net/outbox.h"
#include "host/net/server.h"

struct lws;

#define LINK_WRITE_BYTES_MAX 65536 /* one write to one socket */
#define LINK_VECTORS_MAX 64
#define LINK_CLOSE_MS_MAX 5000  /* for the peer to answer our close */
#define LINK_LINGER_MS_MAX 2000 /* for the peer to read our last words */
#define LINK_HEAD_MS_MAX 20000  /* for a request's head to arrive, and for TLS */
#define LINK_BODY_MS_MAX 120000
#define LINK_KEEP_MS_MAX 60000 /* between two requests */

enum link_kind { LINK_HTTP, LINK_WS, LINK_ENDING };

/* Reading stops while any is set. */
enum link_pause {
    PAUSE_USER = 1,    /* the session asked */
    PAUSE_OUTBOX = 2,  /* answers pile up */
    PAUSE_REQUEST = 4, /* an HTTP request is being answered */
    PAUSE_TLS = 8,     /* lws keeps a remainder and would spin on input */
};

struct link {
    struct conn conn; /* first, so that a conn is its link */
    struct server *server;
    struct lws *wsi;
    struct link *next_dirty;
    int fd;         /* lws's too; kept here, where a write needs it */
    uint32_t index; /* in the server's list */
    uint8_t kind;   /* enum link_kind */
    uint8_t pauses;
    bool is_dirty;
    bool waits_writable;
    bool is_killed;
    bool was_opened;      /* closed must be told */
    bool sent_close;      /* our close frame is queued or written */
    bool got_close;       /* the peer's close came, or we need none */
    bool is_shut;         /* our sending half */
    bool message_is_text; /* of the message that is being collected */
    bool in_message;
    bool was_pinged;
    bool request_is_head;
    struct outbox out;
    char *in; /* bytes that are not a whole head, frame or body yet */
    size_t in_len;
    size_t in_capacity;
    char *message; /* fragments collected so far */
    size_t message_len;
    size_t message_capacity;
    int64_t heard_ms;    /* the last input */
    int64_t deadline_ms; /* of what the state waits for; 0: nothing */
    int64_t stuck_ms;    /* since when a reset, or too many answers, can't be written; 0: not */
    struct http_request *request; /* arriving or being answered */
};

/* A link on a connection just accepted; the memory is lws's. */
void link_open(struct link *link, struct server *server, struct lws *wsi, int fd);
/* The connection is gone: tells the layer above and releases everything but the link. */
void link_close(struct link *link);
/* Input; the bytes may be changed. */
void link_take(struct link *link, char *data, size_t len);
/* Queues; dirty links are flushed at the end of the turn. */
void link_send(struct link *link, struct frame *frame);
void link_mark_dirty(struct link *link);
void link_flush(struct link *link);
/* Once a second. */
void link_tick(struct link *link, int64_t now_ms);
void link_pause(struct link *link, enum link_pause reason, bool paused);
/* Write what is queued, then end. */
void link_end(struct link *link);
/* At once. */
void link_kill(struct link *link);

/* Adds to a growing run of bytes of at most bytes_max. 0, ERR_TOO_LARGE, ERR_NOMEM. */
int link_collect(char **data, size_t *len, size_t *capacity, struct bytes bytes, size_t bytes_max);

/* Each takes what it can of data and returns how much; less than len: more must come first. */
size_t link_http_take(struct link *link, char *data, size_t len);
size_t link_ws_take(struct link *link, char *data, size_t len);
void link_ws_close(struct link *link, unsigned code, struct bytes reason);
extern const struct conn_ops link_ws_ops;

/* The connection is gone, the answer may still come. */
void link_http_abandon(struct link *link);
void link_http_tick(struct link *link, int64_t now_ms);
/* Answers and ends the link: what is wrong is in the transport. */
void link_http_refuse(struct link *link, int status, const char *detail);

struct http_head;
/* An upgrade request for /ws: answers it, and the link is a WebSocket, or refuses. */
void link_upgrade(struct link *link, const struct http_head *head);

#endif
