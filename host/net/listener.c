/* A socket of our own instead of libwebsockets', one a worker: the kernel spreads the load. */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/net/server_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h> /* layers: lws has no listener that can share a port with workers of ours */

#define LISTEN_BACKLOG 4096
#define ACCEPTS_A_TURN 64
#define ACCEPT_AGAIN_MS 200 /* when the process is out of descriptors */

struct listener {
    uv_poll_t poll;
    struct server *server;
    struct timer again;
    int fd;
};

static int read_address(struct sockaddr_storage *out, socklen_t *len, const char *address,
                        uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *len = sizeof(*v4);
        return 0;
    }
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *len = sizeof(*v6);
        return 0;
    }
    return ERR_INVALID;
}

static int bind_socket(int *out, const char *address, uint16_t port)
{
    struct sockaddr_storage name;
    socklen_t len;
    int one = 1;
    int err = read_address(&name, &len, address, port);
    if (err != 0) {
        return err;
    }
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 ||
        bind(fd, (const struct sockaddr *)&name, len) != 0) {
        err = errno == EADDRINUSE                         ? ERR_BUSY
              : errno == EACCES                           ? ERR_DENIED
              : errno == EADDRNOTAVAIL || errno == EINVAL ? ERR_INVALID
                                                          : ERR_IO;
        (void)close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

/*
 * SO_REUSEPORT would let another server's workers share our port unnoticed,
 * so the port is tried without it first.
 */
static int probe(const char *address, uint16_t port)
{
    struct sockaddr_storage name;
    socklen_t len;
    int one = 1;
    int err = read_address(&name, &len, address, port);
    if (err != 0 || port == 0) {
        return err;
    }
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (const struct sockaddr *)&name, len) != 0 && errno == EADDRINUSE) {
        err = ERR_BUSY;
    }
    (void)close(fd);
    return err;
}

int server_reserve(const char *address, uint16_t port, int *fd, uint16_t *port_taken)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof(name);
    int err = probe(address, port);
    if (err == 0) {
        err = bind_socket(fd, address, port);
    }
    if (err != 0) {
        return err;
    }
    if (getsockname(*fd, (struct sockaddr *)&name, &len) != 0) {
        (void)close(*fd);
        return ERR_IO;
    }
    *port_taken = /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname filled it */
        ntohs(name.ss_family == AF_INET ? ((const struct sockaddr_in *)&name)->sin_port
                                        : ((const struct sockaddr_in6 *)&name)->sin6_port);
    return 0;
}

static void accept_cb(uv_poll_t *handle, int status, int events)
{
    struct listener *listener = handle->data;
    int one = 1;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            server_adopt(listener->server, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* The waiting connection would wake us for nothing again and again. */
            (void)uv_poll_stop(&listener->poll);
            timer_start(&listener->again, ACCEPT_AGAIN_MS);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static void again_cb(struct timer *timer)
{
    struct listener *listener =
        (struct listener *)((char *)timer - offsetof(struct listener, again));
    CHECK(uv_poll_start(&listener->poll, UV_READABLE, accept_cb) == 0);
}

int listener_new(struct listener **out, struct server *server)
{
    int fd;
    int err = bind_socket(&fd, server->options.address, server->options.port);
    if (err != 0) {
        return err;
    }
    if (listen(fd, LISTEN_BACKLOG) != 0) {
        err = errno == EADDRINUSE ? ERR_BUSY : ERR_IO;
        (void)close(fd);
        return err;
    }
    struct listener *listener = mem_alloc(sizeof(*listener));
    listener->server = server;
    listener->fd = fd;
    timer_open(&listener->again, server->loop, again_cb);
    CHECK(uv_poll_init(loop_native(server->loop), &listener->poll, fd) == 0);
    listener->poll.data = listener;
    CHECK(uv_poll_start(&listener->poll, UV_READABLE, accept_cb) == 0);
    *out = listener;
    return 0;
}

static void closed_cb(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void listener_free(struct listener *listener)
{
    timer_stop(&listener->again);
    (void)uv_poll_stop(&listener->poll);
    (void)close(listener->fd);
    uv_close((uv_handle_t *)&listener->poll, closed_cb);
}
