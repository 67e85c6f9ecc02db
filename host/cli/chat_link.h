/*
 * The terminal client's WebSocket: connects, sends and receives whole messages,
 * and is connected again when asked. One thread; only chat_link_wake is for others.
 */
#ifndef HOST_CLI_CHAT_LINK_H
#define HOST_CLI_CHAT_LINK_H

#include "host/base/bytes.h"

struct chat_link;
struct chat_timer;

#define LINK_HOST_BYTES_MAX 256
#define LINK_RECEIVE_BYTES_MAX (16U << 20)
#define LINK_SEND_BYTES_MAX (4U << 20)

struct chat_link_address {
    char host[LINK_HOST_BYTES_MAX];
    char path[1024];
    int port;
    bool is_secure;
    bool is_unchecked; /* any certificate will do */
};

struct chat_link_events {
    void *ctx;
    void (*opened)(void *ctx);
    void (*message)(void *ctx, struct bytes text); /* lent during the call */
    /* Also when it could not be opened: code 0 and the reason in words. */
    void (*closed)(void *ctx, int code, const char *reason);
};

/* "http://host:port", "wss://host/path"...; false when it is no such URL. */
bool chat_link_parse(struct chat_link_address *out, const char *url);

/* NULL when the library can't start. */
struct chat_link *chat_link_new(const struct chat_link_address *address,
                                const struct chat_link_events *events);
void chat_link_free(struct chat_link *link);
/* Opens it; a start that fails is told by closed, later. */
void chat_link_connect(struct chat_link *link);
bool chat_link_is_open(const struct chat_link *link);
/* Open, opening or closing: closed will be called. */
bool chat_link_is_connected(const struct chat_link *link);
/* 0, ERR_CLOSED or ERR_FULL. */
int chat_link_send(struct chat_link *link, struct bytes text);
/* Closes it: closed is called later. */
void chat_link_close(struct chat_link *link);
/* Waits for something to happen and handles it; false when it can go on no more. */
bool chat_link_turn(struct chat_link *link);
/* Any thread: ends the waiting. */
void chat_link_wake(struct chat_link *link);

/* A one-shot timer of the link's thread; starting it again moves it. */
struct chat_timer *chat_timer_new(struct chat_link *link, void (*fire)(void *ctx), void *ctx);
void chat_timer_start(struct chat_timer *timer, int64_t delay_ms);
void chat_timer_stop(struct chat_timer *timer);
void chat_timer_free(struct chat_timer *timer);

#endif
