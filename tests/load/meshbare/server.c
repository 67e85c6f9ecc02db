#include "tests/load/meshbare/server.h"

#include "host/base/mem.h"
#include "tests/load/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define EVENTS 512
#define BACKLOG 4096
#define READ_BYTES SERVER_FRAME_MAX
#define QUEUE_FIRST 4
#define PIECES 64 /* frames in one system call */
#define ACCEPTED                                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: " WIRE_ACCEPT "\r\n\r\n"

static struct conn *conns[SERVER_CONNS_MAX];
static struct conn *dirty[SERVER_CONNS_MAX];
static size_t dirty_count;
static uint32_t births;
static int epoll;
static volatile sig_atomic_t stopping;
static const struct server_handlers *on;

struct conn *server_find(uint32_t fd, uint32_t birth)
{
    struct conn *c = fd < SERVER_CONNS_MAX ? conns[fd] : NULL;
    return c != NULL && c->birth == birth ? c : NULL;
}

static void watch(struct conn *c, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = c->fd};
    epoll_ctl(epoll, operation, c->fd, &event);
}

static void end(struct conn *c)
{
    for (size_t i = 0; i < dirty_count; i++) {
        if (dirty[i] == c) {
            dirty[i] = dirty[--dirty_count];
            break;
        }
    }
    on->on_close(c);
    conns[c->fd] = NULL;
    close(c->fd);
    mem_free(c->held);
    for (uint32_t i = 0; i < c->queued; i++) {
        server_release(c->queue[i]);
    }
    mem_free(c->queue);
    mem_free(c);
}

/* ---- out ---- */

struct shared *server_share(struct bytes frames)
{
    struct shared *shared = mem_realloc(NULL, sizeof(*shared) + frames.len);
    shared->users = 1;
    shared->bytes = (uint32_t)frames.len;
    memcpy(shared->data, frames.data, frames.len);
    return shared;
}

void server_release(struct shared *shared)
{
    if (--shared->users == 0) {
        mem_free(shared);
    }
}

void server_put_shared(struct conn *c, struct shared *shared)
{
    if (c->queued == SERVER_QUEUE_MAX) {
        shutdown(c->fd, SHUT_RDWR);
        return;
    }
    if (c->queued == c->capacity) {
        c->capacity = c->capacity == 0 ? QUEUE_FIRST : 2 * c->capacity;
        c->queue = mem_realloc(c->queue, c->capacity * sizeof(struct shared *));
    }
    shared->users++;
    c->queue[c->queued++] = shared;
    if (!c->is_dirty) {
        c->is_dirty = true;
        dirty[dirty_count++] = c;
    }
}

void server_put(struct conn *c, struct bytes frames)
{
    struct shared *shared = server_share(frames);
    server_put_shared(c, shared);
    server_release(shared);
}

/* One system call for as much of the queue as it takes; bytes sent, or -1. */
static ssize_t send_queue(const struct conn *c)
{
    struct iovec pieces[PIECES];
    struct msghdr message = {.msg_iov = pieces};
    for (uint32_t i = 0; i < c->queued && i < PIECES; i++) {
        uint32_t from = i == 0 ? c->sent : 0;
        pieces[i] = (struct iovec){c->queue[i]->data + from, c->queue[i]->bytes - from};
        message.msg_iovlen++;
    }
    return sendmsg(c->fd, &message, MSG_NOSIGNAL);
}

/* Takes what was sent off the queue. */
static void drop_sent(struct conn *c, size_t bytes)
{
    uint32_t gone = 0;
    while (gone < c->queued && bytes >= c->queue[gone]->bytes - c->sent) {
        bytes -= c->queue[gone]->bytes - c->sent;
        c->sent = 0;
        server_release(c->queue[gone++]);
    }
    c->sent += (uint32_t)bytes;
    c->queued -= gone;
    memmove(c->queue, c->queue + gone, c->queued * sizeof(struct shared *));
}

static void flush(struct conn *c)
{
    ssize_t sent = 1;
    while (sent > 0 && c->queued > 0) {
        sent = send_queue(c);
        drop_sent(c, sent > 0 ? (size_t)sent : 0);
    }
    bool is_left = c->queued > 0;
    if (!is_left) {
        mem_free(c->queue);
        c->queue = NULL;
        c->capacity = 0;
    }
    if (is_left != c->wants_out) {
        c->wants_out = is_left;
        watch(c, EPOLL_CTL_MOD, is_left ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static void flush_dirty(void)
{
    for (size_t i = 0; i < dirty_count; i++) {
        dirty[i]->is_dirty = false;
        if (!dirty[i]->wants_out) {
            flush(dirty[i]);
        }
    }
    dirty_count = 0;
}

/* ---- in ---- */

/* Bytes used, 0 when the request goes on, -1 when it is none. */
static long upgrade(struct conn *c, const char *data, size_t len)
{
    const char *end_of_head = memmem(data, len, "\r\n\r\n", 4);
    if (end_of_head == NULL) {
        return 0;
    }
    if (memmem(data, len, WIRE_KEY, sizeof(WIRE_KEY) - 1) == NULL) {
        return -1; /* not one of ours */
    }
    c->is_upgraded = true;
    server_put(c, BYTES(ACCEPTED));
    return end_of_head + 4 - data;
}

static long take_frame(struct conn *c, char *data, size_t len)
{
    struct wire_frame frame;
    long used = wire_take(data, len, SERVER_FRAME_MAX, &frame);
    if (used > 0 && frame.opcode == WIRE_CLOSE) {
        return -1;
    }
    if (used > 0 && frame.opcode == WIRE_TEXT) {
        on->on_message(c, frame.payload);
    }
    return used;
}

/* 0, or -1 to end the connection. */
static int feed(struct conn *c, char *data, size_t len)
{
    long used = 1;
    while (used > 0 && len > 0) {
        used = c->is_upgraded ? take_frame(c, data, len) : upgrade(c, data, len);
        if (used < 0) {
            return -1;
        }
        data += used;
        len -= (size_t)used;
    }
    if (len > 0) {
        c->held = mem_alloc(len);
        c->held_bytes = (uint32_t)len;
        memcpy(c->held, data, len);
    }
    return 0;
}

static void on_readable(struct conn *c)
{
    static char buffer[2 * READ_BYTES];
    size_t before = c->held_bytes;
    if (before > 0) {
        memcpy(buffer, c->held, before);
        mem_free(c->held);
        c->held = NULL;
        c->held_bytes = 0;
    }
    ssize_t len = recv(c->fd, buffer + before, READ_BYTES, 0);
    if (len == 0 || (len < 0 && errno != EAGAIN)) {
        end(c);
        return;
    }
    if (feed(c, buffer, before + (len > 0 ? (size_t)len : 0)) != 0) {
        end(c);
    }
}

static void accept_all(int listener)
{
    int fd;
    int one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= SERVER_CONNS_MAX) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct conn *c = mem_alloc(sizeof(*c));
        c->fd = fd;
        c->birth = ++births;
        conns[fd] = c;
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

/* ---- the loop ---- */

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static int open_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("meshbare: listen");
        return -1;
    }
    printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void dispatch(const struct epoll_event *event, int listener, int done_fd)
{
    if (event->data.fd == listener) {
        accept_all(listener);
    } else if (event->data.fd == done_fd) {
        on->on_done(done_fd);
    } else if (conns[event->data.fd] != NULL) {
        struct conn *c = conns[event->data.fd];
        if ((event->events & EPOLLOUT) != 0) {
            flush(c);
        }
        if ((event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            on_readable(c);
        }
    }
}

static void add_watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int server_run(int done_fd, const struct server_handlers *handlers)
{
    static struct epoll_event events[EVENTS];
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    on = handlers;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = open_listener();
    if (listener < 0) {
        return -1;
    }
    add_watch(listener);
    add_watch(done_fd);
    while (!stopping) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            dispatch(&events[i], listener, done_fd);
        }
        on->on_turn();
        flush_dirty();
    }
    close(listener);
    return 0;
}
