/* The control socket's server: one buffer of input a peer, one write a line. */
#include "host/loop/pipe.h"

#include "host/base/buf.h"
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/loop/loop_private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PIPE_BACKLOG 16
#define PIPE_READ_BYTES 65536

struct pipe_peer {
    uv_pipe_t handle;
    uv_shutdown_t shutdown;
    struct pipe_server *server;
    struct pipe_peer *next;
    struct buf in;
    size_t out_bytes; /* given to libuv, not yet written */
    bool is_closing;  /* no line is told any more */
    bool is_closed;   /* uv_close was called */
};

struct pipe_server {
    uv_pipe_t handle;
    struct loop *loop;
    struct pipe_events events;
    struct pipe_peer *peers;
    size_t peers_count;
    bool is_ending;
    bool is_closed;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    char read_bytes[PIPE_READ_BYTES]; /* lent to libuv for one read at a time */
};

struct pipe_write {
    uv_write_t request;
    size_t len;
    char data[];
};

static void free_when_closed(struct pipe_server *server)
{
    if (server->is_ending && server->is_closed && server->peers_count == 0) {
        mem_free(server);
    }
}

static void peer_closed_cb(uv_handle_t *handle)
{
    struct pipe_peer *peer = handle->data;
    struct pipe_server *server = peer->server;
    struct pipe_peer **link = &server->peers;
    while (*link != peer) {
        link = &(*link)->next;
    }
    *link = peer->next;
    server->peers_count--;
    if (!server->is_ending && server->events.closed != NULL) {
        server->events.closed(server->events.ctx, peer);
    }
    buf_close(&peer->in);
    mem_free(peer);
    free_when_closed(server);
}

static void drop(struct pipe_peer *peer)
{
    peer->is_closing = true;
    if (!peer->is_closed) {
        peer->is_closed = true;
        uv_close((uv_handle_t *)&peer->handle, peer_closed_cb);
    }
}

/* Tells the whole lines of the input and keeps the rest. */
static void take_lines(struct pipe_peer *peer)
{
    size_t start = 0;
    while (!peer->is_closing) {
        struct bytes in = buf_bytes(&peer->in);
        const char *end = start == in.len ? NULL : memchr(in.data + start, '\n', in.len - start);
        if (end == NULL) {
            break;
        }
        struct bytes line = {in.data + start, (size_t)(end - in.data) - start};
        start += line.len + 1;
        peer->server->events.line(peer->server->events.ctx, peer, line);
    }
    if (start > 0) {
        memmove(peer->in.data, peer->in.data + start, peer->in.len - start);
        peer->in.len -= start;
    }
}

static void read_alloc_cb(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct pipe_peer *peer = handle->data;
    *out = uv_buf_init(peer->server->read_bytes, PIPE_READ_BYTES);
}

static void read_cb(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
    struct pipe_peer *peer = stream->data;
    if (len == UV_EOF && peer->out_bytes > 0) {
        pipe_peer_close(peer); /* it may have closed its sending half only */
        return;
    }
    if (len < 0) {
        drop(peer);
        return;
    }
    size_t taken = 0;
    while (taken < (size_t)len && !peer->is_closing) {
        size_t room = peer->in.bytes_max - peer->in.len;
        size_t part = (size_t)len - taken < room ? (size_t)len - taken : room;
        if (part == 0 || buf_append(&peer->in, (struct bytes){bytes->base + taken, part}) != 0) {
            drop(peer); /* a line over PIPE_LINE_MAX, or no memory for it */
            return;
        }
        taken += part;
        take_lines(peer);
    }
}

static void accept_cb(uv_stream_t *stream, int status)
{
    struct pipe_server *server = stream->data;
    if (status != 0) {
        return;
    }
    struct pipe_peer *peer = mem_alloc(sizeof(*peer));
    CHECK(uv_pipe_init(&server->loop->uv, &peer->handle, 0) == 0);
    peer->handle.data = peer;
    peer->server = server;
    buf_open(&peer->in, PIPE_LINE_MAX + 1);
    peer->next = server->peers;
    server->peers = peer;
    server->peers_count++;
    if (uv_accept(stream, (uv_stream_t *)&peer->handle) != 0 ||
        server->peers_count > PIPE_PEERS_MAX ||
        uv_read_start((uv_stream_t *)&peer->handle, read_alloc_cb, read_cb) != 0) {
        drop(peer);
    }
}

/* Whether somebody listens at the address. */
static bool is_living(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return true;
    }
    int status = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    bool living = status == 0 || errno == EAGAIN;
    (void)close(fd);
    return living;
}

static int clear_stale(const struct sockaddr_un *address)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0) {
        return 0; /* bind says what is wrong, if anything is */
    }
    if (!S_ISSOCK(info.st_mode) || is_living(address)) {
        return ERR_BUSY;
    }
    return unlink(address->sun_path) == 0 ? 0 : err_from_errno(errno);
}

/* Nobody can connect before listen, so the mode is right before it matters. */
static int bind_private(const struct sockaddr_un *address, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
        chmod(address->sun_path, S_IRUSR | S_IWUSR) != 0) {
        int err = err_from_errno(errno);
        (void)close(fd);
        return err == ERR_DENIED || err == ERR_BUSY ? err : ERR_IO;
    }
    *out = fd;
    return 0;
}

static void server_closed_cb(uv_handle_t *handle)
{
    struct pipe_server *server = handle->data;
    server->is_closed = true;
    free_when_closed(server);
}

int pipe_server_new(struct pipe_server **out, struct loop *loop, const char *path,
                    const struct pipe_events *events)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(address.sun_path)) {
        return ERR_TOO_LARGE;
    }
    memcpy(address.sun_path, path, len);
    int err = clear_stale(&address);
    int fd = -1;
    if (err == 0) {
        err = bind_private(&address, &fd);
    }
    if (err != 0) {
        return err;
    }
    struct pipe_server *server = mem_alloc(sizeof(*server));
    server->loop = loop;
    server->events = *events;
    memcpy(server->path, path, len);
    CHECK(uv_pipe_init(&loop->uv, &server->handle, 0) == 0);
    server->handle.data = server;
    if (uv_pipe_open(&server->handle, fd) != 0) {
        (void)close(fd);
        err = ERR_IO;
    } else if (uv_listen((uv_stream_t *)&server->handle, PIPE_BACKLOG, accept_cb) != 0) {
        err = ERR_IO;
    }
    if (err != 0) {
        pipe_server_free(server);
        return err;
    }
    *out = server;
    return 0;
}

void pipe_server_free(struct pipe_server *server)
{
    server->is_ending = true;
    (void)unlink(server->path);
    for (struct pipe_peer *peer = server->peers; peer != NULL; peer = peer->next) {
        drop(peer);
    }
    uv_close((uv_handle_t *)&server->handle, server_closed_cb);
}

static void write_cb(uv_write_t *request, int status)
{
    struct pipe_write *write = (struct pipe_write *)request; /* it is the first member */
    struct pipe_peer *peer = request->handle->data;
    peer->out_bytes -= write->len;
    mem_free(write);
    if (status != 0) {
        drop(peer);
    }
}

int pipe_peer_send(struct pipe_peer *peer, struct bytes line)
{
    if (peer->is_closing) {
        return ERR_FULL;
    }
    size_t len = line.len + 1;
    struct pipe_write *write = NULL;
    if (len <= PIPE_OUT_MAX - peer->out_bytes) {
        write = mem_try_alloc(sizeof(*write) + len);
    }
    if (write == NULL) {
        drop(peer);
        return ERR_FULL;
    }
    write->len = len;
    if (line.len > 0) {
        memcpy(write->data, line.data, line.len);
    }
    write->data[line.len] = '\n';
    uv_buf_t bytes = uv_buf_init(write->data, (unsigned)len);
    peer->out_bytes += len;
    if (uv_write(&write->request, (uv_stream_t *)&peer->handle, &bytes, 1, write_cb) != 0) {
        peer->out_bytes -= len;
        mem_free(write);
        drop(peer);
        return ERR_FULL;
    }
    return 0;
}

static void shutdown_cb(uv_shutdown_t *request, int status)
{
    (void)status;
    drop(request->handle->data);
}

void pipe_peer_close(struct pipe_peer *peer)
{
    if (peer->is_closing) {
        return;
    }
    peer->is_closing = true;
    (void)uv_read_stop((uv_stream_t *)&peer->handle);
    if (uv_shutdown(&peer->shutdown, (uv_stream_t *)&peer->handle, shutdown_cb) != 0) {
        drop(peer);
    }
}
