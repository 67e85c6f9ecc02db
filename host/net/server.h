/*
 * The network face of one worker: its listening socket (SO_REUSEPORT), its
 * libwebsockets context on the worker's loop, TLS, HTTP and WebSocket on one port.
 */
#ifndef HOST_NET_SERVER_H
#define HOST_NET_SERVER_H

#include "host/net/conn.h"
#include "host/net/http.h"

struct loop;
struct server;

struct server_options {
    const char *address; /* "127.0.0.1", "0.0.0.0", "::1" */
    uint16_t port;
    const char *tls_cert_path; /* both or neither */
    const char *tls_key_path;
    size_t message_bytes_max;  /* 262144 */
    size_t outbox_bytes_max;   /* 1048576 */
    uint32_t connections_max;  /* a worker */
    uint32_t ping_idle_s;      /* 25 */
    uint32_t silence_s_max;    /* 60 */
    uint32_t slow_s_max;       /* 30: reset not written for so long: 4408 */
    bool compress;             /* permessage-deflate, when the client offers it */
    struct frame *reset_frame; /* sent once when events were dropped; shared, not taken */
    struct conn_events conn;
    struct http_events http;
};

/*
 * Reserves the port for all workers: binds a socket with SO_REUSEPORT and says
 * which port it got (options->port 0 takes a free one). 0, ERR_BUSY, ERR_DENIED,
 * ERR_INVALID (not an address), ERR_IO. Close the descriptor after the workers listen.
 */
int server_reserve(const char *address, uint16_t port, int *fd, uint16_t *port_taken);

/* On the loop's thread. 0, or ERR_BUSY, ERR_DENIED, ERR_INVALID (TLS files), ERR_IO; logged. */
int server_new(struct server **out, struct loop *loop, const struct server_options *options);
/* Stops accepting; open connections live on. */
void server_stop_accepting(struct server *server);
/*
 * Closes every connection with 1001; the reason is a reconnect delay in ms drawn
 * from 0 to spread_ms. Then server_connections falls to 0 as the loop turns.
 */
void server_drain(struct server *server, uint32_t spread_ms);
uint32_t server_connections(const struct server *server);
/* Ends everything at once; done is called when the loop has turned and all is freed. */
void server_free(struct server *server, void (*done)(void *ctx), void *ctx);

#endif
