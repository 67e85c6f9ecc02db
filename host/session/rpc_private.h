/* What taking messages apart (rpc.c) and putting answers together (rpc_answer.c) share. */
#ifndef HOST_SESSION_RPC_PRIVATE_H
#define HOST_SESSION_RPC_PRIVATE_H

#include "host/session/session_private.h"

/* Of one message; what a batch answers past it is replaced by `too_large` errors. */
#define RPC_ANSWER_BYTES_MAX (64U * 1024 * 1024)
#define RPC_ERROR_BYTES_MAX (64U * 1024)
#define RPC_RETRY_MS 1000 /* suggested with `unavailable` while draining */

struct call {
    struct exchange *exchange;
    bool is_open;   /* not yet answered */
    uint8_t id_len; /* 0: a notification */
    char id[RPC_ID_BYTES_MAX];
};

struct exchange {
    struct desk *desk;
    struct session *session; /* NULL: HTTP, or the connection is gone */
    struct exchange *prev;   /* the session's; next serves the desk's spare ones too */
    struct exchange *next;
    rpc_http_done done; /* NULL: not HTTP */
    void *done_ctx;
    uint64_t began_ns;
    uint32_t open; /* calls not answered, and one more while the message is being started */
    bool is_batch;
    bool is_broken;     /* there was no memory for an answer */
    bool needs_login;   /* a call over HTTP was refused for want of a login */
    struct call *calls; /* a batch's */
    struct buf answers; /* a batch's, or an HTTP answer's */
    struct call first;  /* of a message that is no batch */
};

struct exchange *exchange_new(struct desk *desk, struct session *session, rpc_http_done done,
                              void *done_ctx);
/* Takes one from `open`; the last one sends what there is to send and ends the exchange. */
void exchange_drop(struct exchange *exchange);
/* An answer that belongs to no valid call: id null. */
void exchange_refuse(struct exchange *exchange, enum rpc_code code, struct bytes data_members);
/* Writes the member of error.data that says when to try again. */
struct bytes rpc_retry_members(char *out, size_t size, int64_t retry_ms);
void call_fail_retry(struct call *call, enum rpc_code code, int64_t retry_ms);

#endif
