/*
 * A Unix stream socket that speaks lines: the control socket's two ends. Each
 * line is at most PIPE_LINE_MAX bytes, and what waits to be read by a slow
 * peer at most PIPE_OUT_MAX.
 */
#ifndef HOST_LOOP_PIPE_H
#define HOST_LOOP_PIPE_H

#include "host/base/bytes.h"

struct loop;
struct pipe_server;
struct pipe_peer;

#define PIPE_LINE_MAX (256 * 1024)
#define PIPE_OUT_MAX (4 * 1024 * 1024)
#define PIPE_PEERS_MAX 32

struct pipe_events {
    void *ctx;
    /* line is lent during the call; without its newline. */
    void (*line)(void *ctx, struct pipe_peer *peer, struct bytes line);
    /* The peer is gone; the pointer is dead after this call. */
    void (*closed)(void *ctx, struct pipe_peer *peer);
};

/*
 * Listens at path, readable and writable for the owner only; a stale socket
 * file is replaced, a living one is ERR_BUSY. 0, ERR_BUSY, ERR_DENIED,
 * ERR_TOO_LARGE (the path does not fit a socket address), ERR_IO.
 */
int pipe_server_new(struct pipe_server **out, struct loop *loop, const char *path,
                    const struct pipe_events *events);
void pipe_server_free(struct pipe_server *server);
/* Adds the newline. 0, or ERR_FULL when the peer reads too slowly: then it is closed. */
int pipe_peer_send(struct pipe_peer *peer, struct bytes line);
/* Closes once what was sent is written. */
void pipe_peer_close(struct pipe_peer *peer);

#endif
