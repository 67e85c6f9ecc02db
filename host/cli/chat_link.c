#include "host/cli/chat_link.h"

#include "host/base/buf.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_BYTES_MAX 128
#define PING_IDLE_S 30 /* a dead server is noticed after HANGUP_S */
#define HANGUP_S 60
#define PROTOCOL "chat"

struct outgoing {
    struct outgoing *next;
    size_t len;
    unsigned char data[]; /* LWS_PRE bytes for the library, then the text */
};

struct chat_link {
    struct lws_context *context;
    struct chat_link_address address;
    struct chat_link_events events;
    struct lws *wsi;
    struct outgoing *first;
    struct outgoing *last;
    size_t queued_bytes;
    struct buf in;
    bool is_connecting; /* inside chat_link_connect */
    bool is_over;       /* this attempt's closed was told */
    bool is_open;
    bool is_closing;
    int close_code;
    char close_reason[REASON_BYTES_MAX];
    lws_sorted_usec_list_t connect_failed; /* tells later what failed at once */
};

static const lws_retry_bo_t idle_policy = {
    .secs_since_valid_ping = PING_IDLE_S,
    .secs_since_valid_hangup = HANGUP_S,
};

/* ---- the address ---- */

static const char *take_scheme(struct chat_link_address *out, const char *url)
{
    static const struct {
        const char *text;
        bool is_secure;
    } schemes[] = {{"http://", false}, {"ws://", false}, {"https://", true}, {"wss://", true}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].text);
        if (strncmp(url, schemes[i].text, len) == 0) {
            out->is_secure = schemes[i].is_secure;
            return url + len;
        }
    }
    return strstr(url, "://") ? NULL : url;
}

static bool take_port(struct chat_link_address *out, const char *text, size_t len)
{
    char digits[6];
    char *end;
    if (len == 0 || len >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, text, len);
    digits[len] = '\0';
    long port = strtol(digits, &end, 10);
    out->port = (int)port;
    return *end == '\0' && port >= 1 && port <= 65535;
}

bool chat_link_parse(struct chat_link_address *out, const char *url)
{
    memset(out, 0, sizeof(*out));
    const char *host = take_scheme(out, url);
    if (!host) {
        return false;
    }
    size_t whole = strcspn(host, "/?#");
    const char *path = host + whole;
    const char *host_end = host + strcspn(host, ":/?#");
    if (*host == '[') { /* an IPv6 address */
        host++;
        host_end = memchr(host, ']', whole - 1);
        if (!host_end) {
            return false;
        }
    }
    size_t len = (size_t)(host_end - host);
    const char *rest = *host_end == ']' ? host_end + 1 : host_end;
    if (len == 0 || len >= sizeof(out->host) || strlen(path) >= sizeof(out->path)) {
        return false;
    }
    memcpy(out->host, host, len);
    snprintf(out->path, sizeof(out->path), "%s", path[0] == '/' && path[1] ? path : "/ws");
    out->port = out->is_secure ? 443 : 80;
    return rest == path || (*rest == ':' && take_port(out, rest + 1, (size_t)(path - rest - 1)));
}

/* ---- in and out ---- */

static void drop_outgoing(struct chat_link *link)
{
    while (link->first) {
        struct outgoing *next = link->first->next;
        mem_free(link->first);
        link->first = next;
    }
    link->last = NULL;
    link->queued_bytes = 0;
}

static void ended(struct chat_link *link, const char *reason)
{
    int code = link->close_code;
    if (link->is_over) {
        return;
    }
    link->is_over = true;
    link->wsi = NULL;
    link->is_open = false;
    link->is_closing = false;
    link->close_code = 0;
    drop_outgoing(link);
    buf_clear(&link->in);
    link->events.closed(link->events.ctx, code, reason);
}

static void note_close(struct chat_link *link, const unsigned char *in, size_t len)
{
    if (len < 2) {
        return;
    }
    link->close_code = in[0] << 8 | in[1];
    size_t rest = len - 2 < REASON_BYTES_MAX - 1 ? len - 2 : REASON_BYTES_MAX - 1;
    memcpy(link->close_reason, in + 2, rest);
    link->close_reason[rest] = '\0';
}

static int receive(struct chat_link *link, const char *in, size_t len)
{
    if (buf_append(&link->in, (struct bytes){in, len})) {
        snprintf(link->close_reason, REASON_BYTES_MAX, "the server sent too much at once");
        return -1;
    }
    if (lws_is_final_fragment(link->wsi) && lws_remaining_packet_payload(link->wsi) == 0) {
        link->events.message(link->events.ctx, buf_bytes(&link->in));
        buf_clear(&link->in);
    }
    return 0;
}

static int write_first(struct chat_link *link)
{
    struct outgoing *out = link->first;
    if (link->is_closing && !out) {
        lws_close_reason(link->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return -1;
    }
    if (!out) {
        return 0;
    }
    link->first = out->next;
    link->last = out->next ? link->last : NULL;
    link->queued_bytes -= out->len;
    int written = lws_write(link->wsi, out->data + LWS_PRE, out->len, LWS_WRITE_TEXT);
    mem_free(out);
    if (written < 0) {
        return -1;
    }
    if (link->first || link->is_closing) {
        lws_callback_on_writable(link->wsi);
    }
    return 0;
}

static void connect_failed_cb(lws_sorted_usec_list_t *sul)
{
    struct chat_link *link = lws_container_of(sul, struct chat_link, connect_failed);
    char reason[REASON_BYTES_MAX];
    snprintf(reason, sizeof(reason), "%s", link->close_reason);
    ended(link, reason[0] ? reason : "can't connect");
}

static void tell_failed_later(struct chat_link *link)
{
    link->connect_failed.cb = connect_failed_cb;
    link->connect_failed.us = lws_now_usecs() + LWS_US_PER_MS;
    lws_sul2_schedule(link->context, 0, LWSSULLI_MISS_IF_SUSPENDED, &link->connect_failed);
}

static void connection_error(struct chat_link *link, const char *reason)
{
    if (link->is_connecting) {
        snprintf(link->close_reason, sizeof(link->close_reason), "%s", reason);
    } else {
        ended(link, reason);
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct chat_link *link = lws_context_user(lws_get_context(wsi));
    (void)user;
    if (!link) {
        return 0;
    }
    if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        connection_error(link, in ? (const char *)in : "no connection");
        return 0;
    }
    if (wsi != link->wsi) {
        return 0;
    }
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        link->is_open = true;
        link->events.opened(link->events.ctx);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(link, in, len);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_first(link);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        note_close(link, in, len);
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        ended(link, link->close_reason);
        break;
    default:
        break;
    }
    return 0;
}

/* ---- begin and end ---- */

struct chat_link *chat_link_new(const struct chat_link_address *address,
                                const struct chat_link_events *events)
{
    static const struct lws_protocols protocols[] = {
        {PROTOCOL, on_event, 0, 65536, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    struct chat_link *link = mem_alloc(sizeof(*link));
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = link,
        .retry_and_idle_policy = &idle_policy,
        .options = address->is_secure ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
        .gid = -1,
        .uid = -1,
    };
    link->address = *address;
    link->events = *events;
    buf_open(&link->in, LINK_RECEIVE_BYTES_MAX);
    lws_set_log_level(0, NULL);
    link->context = lws_create_context(&info);
    if (!link->context) {
        buf_close(&link->in);
        mem_free(link);
        return NULL;
    }
    return link;
}

static void ignore_closed(void *ctx, int code, const char *reason)
{
    (void)ctx;
    (void)code;
    (void)reason;
}

void chat_link_free(struct chat_link *link)
{
    link->events.closed = ignore_closed;
    lws_sul_cancel(&link->connect_failed);
    lws_context_destroy(link->context);
    drop_outgoing(link);
    buf_close(&link->in);
    mem_free(link);
}

void chat_link_connect(struct chat_link *link)
{
    struct lws_client_connect_info info = {
        .context = link->context,
        .address = link->address.host,
        .host = link->address.host,
        .port = link->address.port,
        .path = link->address.path,
        .local_protocol_name = PROTOCOL,
        .retry_and_idle_policy = &idle_policy,
        .pwsi = &link->wsi,
    };
    if (link->address.is_secure) {
        info.ssl_connection = LCCSCF_USE_SSL;
        if (link->address.is_unchecked) {
            info.ssl_connection |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_INSECURE |
                                   LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK | LCCSCF_ALLOW_EXPIRED;
        }
    }
    link->close_reason[0] = '\0';
    link->is_over = false;
    link->is_connecting = true;
    struct lws *wsi = lws_client_connect_via_info(&info);
    link->is_connecting = false;
    if (!wsi) {
        link->wsi = NULL;
        tell_failed_later(link);
    }
}

bool chat_link_is_open(const struct chat_link *link)
{
    return link->is_open && !link->is_closing;
}

bool chat_link_is_connected(const struct chat_link *link)
{
    return link->wsi != NULL;
}

int chat_link_send(struct chat_link *link, struct bytes text)
{
    if (!chat_link_is_open(link)) {
        return ERR_CLOSED;
    }
    if (text.len > LINK_SEND_BYTES_MAX - link->queued_bytes) {
        return ERR_FULL;
    }
    struct outgoing *out = mem_alloc(sizeof(*out) + LWS_PRE + text.len);
    out->len = text.len;
    memcpy(out->data + LWS_PRE, text.data, text.len);
    if (link->last) {
        link->last->next = out;
    } else {
        link->first = out;
    }
    link->last = out;
    link->queued_bytes += out->len;
    lws_callback_on_writable(link->wsi);
    return 0;
}

void chat_link_close(struct chat_link *link)
{
    if (link->wsi && link->is_open) {
        link->is_closing = true;
        lws_callback_on_writable(link->wsi);
    }
}

bool chat_link_turn(struct chat_link *link)
{
    return lws_service(link->context, 0) >= 0;
}

void chat_link_wake(struct chat_link *link)
{
    lws_cancel_service(link->context);
}

/* ---- timers ---- */

struct chat_timer {
    lws_sorted_usec_list_t sul;
    struct chat_link *link;
    void (*fire)(void *ctx);
    void *ctx;
};

static void timer_cb(lws_sorted_usec_list_t *sul)
{
    struct chat_timer *timer = lws_container_of(sul, struct chat_timer, sul);
    timer->fire(timer->ctx);
}

struct chat_timer *chat_timer_new(struct chat_link *link, void (*fire)(void *ctx), void *ctx)
{
    struct chat_timer *timer = mem_alloc(sizeof(*timer));
    timer->link = link;
    timer->fire = fire;
    timer->ctx = ctx;
    return timer;
}

void chat_timer_start(struct chat_timer *timer, int64_t delay_ms)
{
    timer->sul.cb = timer_cb;
    timer->sul.us = lws_now_usecs() + delay_ms * LWS_US_PER_MS;
    lws_sul2_schedule(timer->link->context, 0, LWSSULLI_MISS_IF_SUSPENDED, &timer->sul);
}

void chat_timer_stop(struct chat_timer *timer)
{
    lws_sul_cancel(&timer->sul);
}

void chat_timer_free(struct chat_timer *timer)
{
    chat_timer_stop(timer);
    mem_free(timer);
}
