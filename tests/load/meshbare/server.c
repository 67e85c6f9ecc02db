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
#include <unistd.h>

#define EVENTS 512
#define BACKLOG 4096
#define READ_BYTES SERVER_FRAME_MAX
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
    mem_free(c->out);
    mem_free(c);
}

/* ---- out ---- */

void server_put(struct conn *c, struct bytes frames)
{
    size_t wanted = c->out_bytes + frames.len;
    if (wanted > SERVER_OUT_MAX) {
        shutdown(c->fd, SHUT_RDWR);
        return;
    }
    if (wanted > c->out_capacity) {
        size_t capacity =
            wanted < 2 * (size_t)c->out_capacity ? 2 * (size_t)c->out_capacity : wanted;
        c->out = mem_realloc(c->out, capacity);
        c->out_capacity = (uint32_t)capacity;
    }
    memcpy(c->out + c->out_bytes, frames.data, frames.len);
    c->out_bytes = (uint32_t)wanted;
    if (!c->is_dirty) {
        c->is_dirty = true;
        dirty[dirty_count++] = c;
    }
}

static void flush(struct conn *c)
{
    ssize_t sent = send(c->fd, c->out, c->out_bytes, MSG_NOSIGNAL);
    size_t gone = sent > 0 ? (size_t)sent : 0;
    bool is_left = gone < c->out_bytes;
    memmove(c->out, c->out + gone, c->out_bytes - gone);
    c->out_bytes -= (uint32_t)gone;
    if (!is_left) {
        mem_free(c->out);
        c->out = NULL;
        c->out_capacity = 0;
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
