/*
 * libwebsockets is used as a carrier of bytes: its raw sockets bring TLS, the
 * loop's polling and orderly closing. HTTP and WebSocket framing are ours,
 * because its own hang up without an answer on a wrong handshake, split
 * queries, answer errors in HTML, and want one WRITEABLE callback a frame.
 */
#include "host/net/server.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/net/frame_private.h"
#include "host/net/server_private.h"

#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h> /* layers: lws does not tell when it has left a loop, uv_walk does */

#define TICK_MS 250
#define TICKS_A_SWEEP 4      /* so every link is looked at once a second */
#define SPARE_DESCRIPTORS 64 /* beyond the connections, in lws's table */
#define TLS_HANDSHAKE_S_MAX 20
#define DELAY_TEXT_MAX 16

static const char raw_protocol[] = "chattermesh";
/* Making and ending a context touches what lws keeps for the whole process. */
static pthread_mutex_t context_mutex = PTHREAD_MUTEX_INITIALIZER;

static int lws_cb(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    struct link *link = user;
    switch ((int)reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        link_open(link, lws_context_user(lws_get_context(wsi)), wsi, lws_get_socket_fd(wsi));
        break;
    case LWS_CALLBACK_RAW_RX:
        if (link->server->has_tls) {
            lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* of the TLS handshake */
        }
        metric_add(link->server->metrics.bytes_received, (int64_t)len);
        link_take(link, in, len);
        break;
    case LWS_CALLBACK_RAW_WRITEABLE:
        link_flush(link);
        break;
    case LWS_CALLBACK_RAW_CLOSE:
        if (link != NULL && link->server != NULL) {
            link_close(link);
        }
        break;
    default:
        break;
    }
    return 0;
}

static void log_cb(int level, const char *line)
{
    size_t len = strlen(line);
    while (len > 0 && line[len - 1] == '\n') {
        len--;
    }
    LOG((level & LLL_ERR) != 0 ? LOG_WARN : LOG_DEBUG, "net", "libwebsockets says",
        LOG_BYTES("line", ((struct bytes){line, len})));
}

static const struct lws_protocols protocols[] = {
    {raw_protocol, lws_cb, sizeof(struct link), 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};
/* Life is told by our own pings; this turns lws's off. */
static const lws_retry_bo_t no_validity = {.secs_since_valid_ping = 0};

static void find_idle_cb(uv_handle_t *handle, void *ctx)
{
    struct server *server = ctx;
    if (handle->type == UV_IDLE) {
        server->lws_handle = handle;
    }
}

static void still_there_cb(uv_handle_t *handle, void *ctx)
{
    struct server *server = ctx;
    if (handle == server->lws_handle) {
        server->lws_is_open = true;
    }
}

static void destroy_context(struct server *server)
{
    CHECK(pthread_mutex_lock(&context_mutex) == 0);
    lws_context_destroy(server->context);
    CHECK(pthread_mutex_unlock(&context_mutex) == 0);
}

/*
 * On a loop that is not its own lws does not say when its handles are closed,
 * and wants to be destroyed a second time when they are. It has one idle
 * handle, closed last, and nobody else here has one.
 */
static void go_on_ending(struct server *server)
{
    server->lws_is_open = false;
    uv_walk(loop_native(server->loop), still_there_cb, server);
    if (!server->lws_is_open) {
        destroy_context(server);
    }
}

/* Looked at before lws does: a context that fails half way leaves its loop handles behind. */
static bool tls_files_are_good(const struct server_options *options)
{
    SSL_CTX *probe = SSL_CTX_new(TLS_server_method());
    bool good = probe != NULL && options->tls_key_path != NULL &&
                SSL_CTX_use_certificate_chain_file(probe, options->tls_cert_path) == 1 &&
                SSL_CTX_use_PrivateKey_file(probe, options->tls_key_path, SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_check_private_key(probe) == 1;
    SSL_CTX_free(probe);
    ERR_clear_error();
    return good;
}

static int make_context(struct server *server)
{
    void *loops[1] = {loop_native(server->loop)};
    if (server->has_tls && !tls_files_are_good(&server->options)) {
        LOG(LOG_ERROR, "net", "the TLS certificate and key do not load or do not belong together",
            LOG_TEXT("cert", server->options.tls_cert_path),
            LOG_TEXT("key", server->options.tls_key_path));
        return ERR_INVALID;
    }
    struct lws_context_creation_info info = {0};
    info.foreign_loops = loops;
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.options = LWS_SERVER_OPTION_LIBUV;
    info.protocols = protocols;
    info.fd_limit_per_thread = server->options.connections_max + SPARE_DESCRIPTORS;
    info.pt_serv_buf_size = SERVER_READ_BYTES;
    info.timeout_secs = TLS_HANDSHAKE_S_MAX;
    info.retry_and_idle_policy = &no_validity;
    info.user = server;
    info.pcontext = &server->context;
    info.gid = -1;
    info.uid = -1;
    if (server->has_tls) {
        /* A server checks nobody's certificate: the system's would be loaded once a worker for
         * nothing. */
        info.options |=
            LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
        info.ssl_cert_filepath = server->options.tls_cert_path;
        info.ssl_private_key_filepath = server->options.tls_key_path;
        info.alpn = "http/1.1";
    }
    CHECK(pthread_mutex_lock(&context_mutex) == 0);
    lws_set_log_level(LLL_ERR | LLL_WARN, log_cb);
    server->context = lws_create_context(&info);
    uv_walk(loop_native(server->loop), find_idle_cb, server); /* the newest comes last */
    CHECK(pthread_mutex_unlock(&context_mutex) == 0);
    server->vhost =
        server->context == NULL ? NULL : lws_get_vhost_by_name(server->context, "default");
    if (server->vhost == NULL) {
        LOG(LOG_ERROR, "net", "libwebsockets did not start");
        return ERR_IO;
    }
    return 0;
}

static void finish(struct server *server);

/* A write's callback may make other links dirty, or this one again. */
static void tell_written(struct server *server)
{
    if (server->written.writes) {
        metric_add(server->metrics.frames_sent, server->written.frames);
        metric_add(server->metrics.bytes_sent, server->written.bytes);
        metric_add(server->metrics.writes, server->written.writes);
        server->written = (struct written){0};
    }
}

static void hook_cb(struct turn_hook *hook)
{
    struct server *server = (struct server *)((char *)hook - offsetof(struct server, hook));
    while (server->dirty != NULL) {
        struct link *link = server->dirty;
        server->dirty = link->next_dirty;
        if (server->dirty != NULL) {
            __builtin_prefetch(server->dirty); /* a fan-out walks memory that is in no cache */
            __builtin_prefetch(&server->dirty->out);
        }
        link->is_dirty = false;
        if (link->is_killed) {
            lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
        } else {
            link_flush(link);
        }
    }
    tell_written(server);
    if (server->is_ending && server->context != NULL) {
        go_on_ending(server);
    }
    if (server->is_ending && server->context == NULL) {
        finish(server);
    }
}

/* Backwards, because a link that goes is replaced by the last one. */
static void tick_cb(struct timer *timer)
{
    struct server *server = (struct server *)((char *)timer - offsetof(struct server, tick));
    int64_t now_ms = clock_steady_ms();
    uint32_t slice = server->links_count / TICKS_A_SWEEP + 1;
    for (uint32_t i = 0; i < slice && server->links_count > 0; i++) {
        if (server->tick_at == 0 || server->tick_at > server->links_count) {
            server->tick_at = server->links_count;
        }
        server->tick_at--;
        link_tick(server->links[server->tick_at], now_ms);
    }
    timer_start(timer, TICK_MS);
}

static void make_metrics(struct server *server)
{
    server->metrics.connections =
        metric_gauge("net_connections", "", "Open TCP connections of clients.");
    server->metrics.messages =
        metric_counter("net_messages_received_total", "", "WebSocket messages from clients.");
    server->metrics.frames_sent =
        metric_counter("net_frames_sent_total", "", "Frames and HTTP answers written.");
    server->metrics.bytes_sent = metric_counter("net_bytes_sent_total", "", "Bytes to clients.");
    server->metrics.bytes_received =
        metric_counter("net_bytes_received_total", "", "Bytes from clients.");
    server->metrics.writes =
        metric_counter("net_writes_total", "", "Write calls; fewer than frames when coalesced.");
    server->metrics.frames_dropped =
        metric_counter("net_frames_dropped_total", "", "Frames that slow consumers lost.");
    server->metrics.resets =
        metric_counter("net_resets_total", "", "Slow consumers told to pull again.");
    server->metrics.slow_closes =
        metric_counter("net_slow_closes_total", "", "Connections closed with 4408.");
}

int server_new(struct server **out, struct loop *loop, const struct server_options *options)
{
    char *nothing;
    struct server *server = mem_alloc(sizeof(*server));
    server->options = *options;
    server->loop = loop;
    server->rule = (struct outbox_rule){options->outbox_bytes_max, options->reset_frame};
    server->has_tls = options->tls_cert_path != NULL;
    make_metrics(server);
    server->ping_frame = frame_new_opcode(FRAME_PING, 0, FRAME_ANSWER, &nothing);
    CHECK(server->ping_frame != NULL);
    server->scratch = mem_alloc(LWS_PRE + SERVER_TLS_WRITE_BYTES);
    server->hook.run = hook_cb;
    loop_on_turn(loop, &server->hook);
    timer_open(&server->tick, loop, tick_cb);
    int err = listener_new(&server->listener, server);
    if (err == 0) {
        err = make_context(server);
    }
    if (err != 0) {
        LOG(LOG_ERROR, "net", "can't listen", LOG_TEXT("address", options->address),
            LOG_INT("port", options->port), LOG_TEXT("reason", err_text(err)));
        server_stop_accepting(server);
        if (server->context == NULL) {
            finish(server);
        } else {
            server_free(server, NULL, NULL); /* the loop has to turn */
        }
        return err;
    }
    if (options->compress) {
        LOG(LOG_WARN, "net", "permessage-deflate is not spoken yet; offers of it are passed over");
    }
    timer_start(&server->tick, TICK_MS);
    *out = server;
    return 0;
}

void server_adopt(struct server *server, int fd)
{
    lws_sock_file_fd_type descriptor = {.sockfd = fd};
    lws_adoption_type type = LWS_ADOPT_SOCKET;
    if (server->links_count >= server->options.connections_max) {
        (void)close(fd);
        return;
    }
    if (server->has_tls) {
        type = LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL;
    }
    (void)lws_adopt_descriptor_vhost(server->vhost, type, descriptor, raw_protocol, NULL);
}

void server_add_link(struct server *server, struct link *link)
{
    if (server->links_count == server->links_capacity) {
        server->links_capacity = server->links_capacity == 0 ? 64 : server->links_capacity * 2;
        server->links = mem_realloc(server->links, server->links_capacity * sizeof(struct link *));
    }
    link->index = server->links_count;
    server->links[server->links_count++] = link;
    metric_add(server->metrics.connections, 1);
}

void server_remove_link(struct server *server, struct link *link)
{
    struct link *last = server->links[--server->links_count];
    server->links[link->index] = last;
    last->index = link->index;
    metric_add(server->metrics.connections, -1);
    if (link->is_dirty) {
        struct link **at = &server->dirty;
        while (*at != link) {
            at = &(*at)->next_dirty;
        }
        *at = link->next_dirty;
        link->is_dirty = false;
    }
}

void server_stop_accepting(struct server *server)
{
    if (server->listener != NULL) {
        listener_free(server->listener);
        server->listener = NULL;
    }
}

void server_drain(struct server *server, uint32_t spread_ms)
{
    char text[DELAY_TEXT_MAX];
    server_stop_accepting(server);
    server->is_draining = true;
    for (uint32_t i = 0; i < server->links_count; i++) {
        struct link *link = server->links[i];
        if (link->kind == LINK_WS) {
            uint32_t delay_ms = 0;
            (void)lws_get_random(server->context, &delay_ms, sizeof(delay_ms));
            delay_ms = spread_ms == UINT32_MAX ? delay_ms : delay_ms % (spread_ms + 1);
            int len = snprintf(text, sizeof(text), "%u", delay_ms);
            link_ws_close(link, CLOSE_GOING_AWAY, (struct bytes){text, (size_t)len});
        } else if (link->kind == LINK_HTTP && link->request == NULL) {
            link_end(link);
        }
    }
}

uint32_t server_connections(const struct server *server)
{
    return server->links_count;
}

void server_free(struct server *server, void (*done)(void *ctx), void *ctx)
{
    server_stop_accepting(server);
    timer_stop(&server->tick);
    server->done = done;
    server->done_ctx = ctx;
    server->is_ending = true;
    destroy_context(server); /* goes on as the loop turns; hook_cb sees the end */
}

static void finish(struct server *server)
{
    void (*done)(void *ctx) = server->done;
    void *ctx = server->done_ctx;
    CHECK(server->links_count == 0);
    loop_off_turn(server->loop, &server->hook);
    frame_release(server->ping_frame);
    mem_free(server->links);
    mem_free(server->scratch);
    mem_free(server);
    if (done != NULL) {
        done(ctx);
    }
}
