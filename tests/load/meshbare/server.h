/*
 * Sockets of the bare limit: epoll, an upgrade that trusts its peer, frames in
 * and frames out. What a loop turn has for one socket goes out in one send.
 */
#ifndef TESTS_LOAD_MESHBARE_SERVER_H
#define TESTS_LOAD_MESHBARE_SERVER_H

#include "host/base/bytes.h"

#define SERVER_CONNS_MAX 65536
#define SERVER_FRAME_MAX (256U << 10)
#define SERVER_OUT_MAX (64U << 20) /* waiting for one socket */

struct user;

struct conn {
    int fd;
    uint32_t birth; /* tells apart who had this descriptor in turn */
    bool is_upgraded;
    bool is_dirty;
    bool wants_out;
    uint32_t held_bytes;
    uint32_t out_bytes;
    uint32_t out_capacity;
    char *held; /* the begin of a frame, while the rest is on its way */
    char *out;  /* what could not be sent yet */
    struct user *user;
};

/* A message of a client; lent for the call. */
typedef void (*server_on_message)(struct conn *conn, struct bytes text);
typedef void (*server_on_close)(struct conn *conn);

/* Who is told of what. */
struct server_handlers {
    server_on_message on_message;
    server_on_close on_close;
    void (*on_done)(int fd); /* the watched descriptor is readable */
    void (*on_turn)(void);   /* after each turn of the loop, before sockets are written */
};

/* Serves on a free port until a signal ends it, watching done_fd beside its sockets; prints the
 * ready line. 0 or -1. */
int server_run(int done_fd, const struct server_handlers *handlers);
/* Puts bytes that are frames already behind what waits for this socket. */
void server_put(struct conn *conn, struct bytes frames);
/* The connection of this descriptor and birth, or NULL. */
struct conn *server_find(uint32_t fd, uint32_t birth);

#endif
