/*
 * Sockets of the bare limit: epoll, an upgrade that trusts its peer, frames in
 * and frames out. What a loop turn has for one socket goes out in one send.
 */
#ifndef TESTS_LOAD_MESHBARE_SERVER_H
#define TESTS_LOAD_MESHBARE_SERVER_H

#include "host/base/bytes.h"

#define SERVER_CONNS_MAX 65536
#define SERVER_FRAME_MAX (256U << 10)
#define SERVER_QUEUE_MAX 65536 /* frames waiting for one socket */

struct user;

/* Bytes that are frames already, shared by all sockets that they wait for. */
struct shared {
    uint32_t users;
    uint32_t bytes;
    char data[];
};

struct conn {
    int fd;
    uint32_t birth; /* tells apart who had this descriptor in turn */
    bool is_upgraded;
    bool is_dirty;
    bool wants_out;
    uint32_t held_bytes;
    uint32_t queued;
    uint32_t capacity;
    uint32_t sent;         /* bytes of the first in the queue */
    char *held;            /* the begin of a frame, while the rest is on its way */
    struct shared **queue; /* what goes out at the end of the turn, or when there is room */
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
/* Returns a copy to put to many sockets; release it when that is done. */
struct shared *server_share(struct bytes frames);
void server_release(struct shared *shared);
/* Puts it behind what waits for this socket. */
void server_put_shared(struct conn *conn, struct shared *shared);
/* The same for bytes that go to one socket only. */
void server_put(struct conn *conn, struct bytes frames);
/* The connection of this descriptor and birth, or NULL. */
struct conn *server_find(uint32_t fd, uint32_t birth);

#endif
