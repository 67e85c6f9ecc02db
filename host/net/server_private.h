/* Private to host/net: what links know of their server. */
#ifndef HOST_NET_SERVER_PRIVATE_H
#define HOST_NET_SERVER_PRIVATE_H

#include "host/base/metric.h"
#include "host/net/link.h"
#include "host/net/outbox.h"
#include "host/net/server.h"

#define SERVER_READ_BYTES 16384      /* one read of one socket, all links share the buffer */
#define SERVER_TLS_WRITE_BYTES 16384 /* one TLS record */

struct listener;

/* Written in this turn and not yet told to the metrics. */
struct written {
    int64_t frames;
    int64_t bytes;
    int64_t writes;
};

struct server {
    struct written written;
    struct server_options options;
    struct outbox_rule rule;
    struct loop *loop;
    struct turn_hook hook;
    struct timer tick;
    struct lws_context *context; /* lws clears it when it is all gone */
    struct lws_vhost *vhost;
    struct listener *listener;
    struct link *dirty;
    struct link **links;
    uint32_t links_count;
    uint32_t links_capacity;
    uint32_t tick_at; /* where the next slice of the sweep begins */
    uint32_t ticks;
    struct frame *ping_frame;
    char *scratch; /* one TLS write, with LWS_PRE in front */
    bool has_tls;
    bool is_draining;
    bool is_ending;
    bool lws_is_open;
    void *lws_handle; /* one of lws's own on the loop */
    void (*done)(void *ctx);
    void *done_ctx;
    struct {
        struct metric *connections;
        struct metric *messages;
        struct metric *frames_sent;
        struct metric *bytes_sent;
        struct metric *bytes_received;
        struct metric *writes;
        struct metric *frames_dropped;
        struct metric *resets;
        struct metric *slow_closes;
    } metrics;
};

void server_add_link(struct server *server, struct link *link);
void server_remove_link(struct server *server, struct link *link);
/* An accepted socket becomes a link; the descriptor is taken. */
void server_adopt(struct server *server, int fd);

/* 0, ERR_BUSY, ERR_DENIED, ERR_INVALID, ERR_IO. Binds and listens. */
int listener_new(struct listener **out, struct server *server);
void listener_free(struct listener *listener);

#endif
