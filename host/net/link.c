#include "host/net/link.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/net/server_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <string.h>
#include <sys/socket.h>

#define COLLECT_CAPACITY_MIN 256

static void set_address(struct link *link, int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    (void)getpeername(fd, (struct sockaddr *)&peer, &len);
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer;
        (void)inet_ntop(AF_INET, &v4->sin_addr, link->conn.address, CONN_ADDRESS_MAX);
        link->conn.is_loopback = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    } else if (peer.ss_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&peer)->sin6_addr;
        (void)inet_ntop(AF_INET6, v6, link->conn.address, CONN_ADDRESS_MAX);
        link->conn.is_loopback =
            IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    }
}

void link_open(struct link *link, struct server *server, struct lws *wsi, int fd)
{
    *link = (struct link){.server = server, .wsi = wsi, .fd = fd, .kind = LINK_HTTP};
    link->heard_ms = clock_steady_ms();
    link->deadline_ms = link->heard_ms + LINK_HEAD_MS_MAX;
    set_address(link, fd);
    server_add_link(server, link);
}

void link_close(struct link *link)
{
    server_remove_link(link->server, link);
    link->is_killed = true; /* what closed may call must not reach lws any more */
    if (link->was_opened) {
        link->was_opened = false;
        link->server->options.conn.closed(&link->conn);
    }
    link_http_abandon(link);
    outbox_close(&link->out);
    mem_free(link->in);
    mem_free(link->message);
    mem_free(link->conn.token);
}

/*
 * lws must not lose a socket inside its own callback for it, and what it does
 * by itself "soon" waits for its next event; so it goes at the end of the turn.
 */
void link_kill(struct link *link)
{
    if (!link->is_killed) {
        link->is_killed = true;
        link_mark_dirty(link);
    }
}

void link_mark_dirty(struct link *link)
{
    if (!link->is_dirty) {
        link->is_dirty = true;
        link->next_dirty = link->server->dirty;
        link->server->dirty = link;
    }
}

void link_pause(struct link *link, enum link_pause reason, bool paused)
{
    unsigned before = link->pauses;
    unsigned after = paused ? before | reason : before & ~(unsigned)reason;
    link->pauses = (uint8_t)after;
    if (link->is_killed || (before == 0) == (after == 0)) {
        return;
    }
    (void)lws_rx_flow_control(link->wsi, after == 0);
    if (after == 0 && link->in_len > 0) {
        link_mark_dirty(link); /* what came before the pause is taken at the end of the turn */
    }
}

int link_collect(char **data, size_t *len, size_t *capacity, struct bytes bytes, size_t bytes_max)
{
    if (bytes.len > bytes_max || *len > bytes_max - bytes.len) {
        return ERR_TOO_LARGE;
    }
    size_t needed = *len + bytes.len;
    if (needed > *capacity) {
        size_t wanted = *capacity * 2 > COLLECT_CAPACITY_MIN ? *capacity * 2 : COLLECT_CAPACITY_MIN;
        wanted = wanted > bytes_max ? bytes_max : wanted;
        wanted = wanted < needed ? needed : wanted;
        char *grown = mem_try_realloc(*data, wanted);
        if (grown == NULL) {
            return ERR_NOMEM;
        }
        *data = grown;
        *capacity = wanted;
    }
    if (bytes.len > 0) {
        memcpy(*data + *len, bytes.data, bytes.len);
    }
    *len = needed;
    return 0;
}

/* Takes whole units from the front until one is not whole or something pauses us. */
static size_t take_units(struct link *link, char *data, size_t len)
{
    size_t taken = 0;
    while (taken < len && !link->is_killed && link->pauses == 0) {
        size_t part = len - taken;
        if (link->kind == LINK_HTTP) {
            part = link_http_take(link, data + taken, len - taken);
        } else if (link->kind == LINK_WS) {
            part = link_ws_take(link, data + taken, len - taken);
        }
        if (part == 0) {
            break;
        }
        taken += part;
    }
    return link->is_killed ? len : taken;
}

/* The most that may wait in front of us: a whole frame or a head, and what one read brought. */
static size_t in_bytes_max(const struct link *link)
{
    return link->server->options.message_bytes_max + SERVER_READ_BYTES + 16384;
}

static void keep(struct link *link, const char *data, size_t len)
{
    if (link_collect(&link->in, &link->in_len, &link->in_capacity, (struct bytes){data, len},
                     in_bytes_max(link)) != 0) {
        link_kill(link);
    }
}

static void take_kept(struct link *link)
{
    size_t taken = take_units(link, link->in, link->in_len);
    link->in_len -= taken;
    if (link->in_len == 0) {
        mem_free(link->in);
        link->in = NULL;
        link->in_capacity = 0;
    } else if (taken > 0) {
        memmove(link->in, link->in + taken, link->in_len);
    }
}

void link_take(struct link *link, char *data, size_t len)
{
    link->heard_ms = clock_steady_ms();
    link->was_pinged = false;
    if (link->in_len > 0) {
        keep(link, data, len);
        take_kept(link);
        return;
    }
    size_t taken = take_units(link, data, len);
    if (taken < len) {
        keep(link, data + taken, len - taken);
    }
}

static void note_result(struct link *link, enum outbox_result result)
{
    if (result == OUTBOX_RESET) {
        metric_add(link->server->metrics.resets, 1);
        link->stuck_ms = link->stuck_ms != 0 ? link->stuck_ms : clock_steady_ms();
    } else if (outbox_is_over(&link->out, &link->server->rule)) {
        link->stuck_ms = link->stuck_ms != 0 ? link->stuck_ms : clock_steady_ms();
        link_pause(link, PAUSE_OUTBOX, true);
    }
}

void link_send(struct link *link, struct frame *frame)
{
    uint32_t dropped = 0;
    if (link->is_killed || link->is_shut) {
        return;
    }
    note_result(link, outbox_push(&link->out, &link->server->rule, frame, &dropped));
    if (dropped > 0) {
        metric_add(link->server->metrics.frames_dropped, dropped);
    }
    if (!link->waits_writable) {
        link_mark_dirty(link);
    }
}

/* Returns what the kernel took, 0 when it is full, negative when the connection is broken. */
static ssize_t write_plain(struct link *link, int vectors_count, struct iovec *vectors)
{
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)vectors_count};
    ssize_t written = sendmsg(link->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0) {
        return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
    }
    return written;
}

/* lws takes all of it and keeps the remainder. */
static ssize_t write_tls(struct link *link, int vectors_count, const struct iovec *vectors)
{
    char *scratch = link->server->scratch + LWS_PRE;
    size_t len = 0;
    for (int i = 0; i < vectors_count && len < SERVER_TLS_WRITE_BYTES; i++) {
        size_t room = SERVER_TLS_WRITE_BYTES - len;
        size_t part = vectors[i].iov_len < room ? vectors[i].iov_len : room;
        memcpy(scratch + len, vectors[i].iov_base, part);
        len += part;
    }
    int written = lws_write(link->wsi, (unsigned char *)scratch, len, LWS_WRITE_RAW);
    return written < 0 ? -1 : (ssize_t)len;
}

static ssize_t write_some(struct link *link)
{
    struct iovec vectors[LINK_VECTORS_MAX];
    int count = outbox_peek(&link->out, vectors, LINK_VECTORS_MAX, LINK_WRITE_BYTES_MAX);
    size_t wanted = 0;
    for (int i = 0; i < count; i++) {
        wanted += vectors[i].iov_len;
    }
    ssize_t written =
        link->server->has_tls ? write_tls(link, count, vectors) : write_plain(link, count, vectors);
    if (written <= 0) {
        return written;
    }
    uint32_t frames = outbox_advance(&link->out, &link->server->rule, (size_t)written);
    struct written *turn = &link->server->written;
    turn->frames += frames;
    turn->bytes += written;
    turn->writes++;
    bool is_short = !link->server->has_tls && (size_t)written < wanted;
    return is_short ? 0 : written;
}

static void shut(struct link *link)
{
    link->is_shut = true;
    link->deadline_ms = clock_steady_ms() + LINK_LINGER_MS_MAX;
    if (link->server->has_tls) {
        link_kill(link); /* lws sends the TLS goodbye as it closes */
    } else {
        (void)shutdown(link->fd, SHUT_WR);
    }
}

static void after_flush(struct link *link)
{
    const struct outbox_rule *rule = &link->server->rule;
    if ((link->pauses & PAUSE_OUTBOX) != 0 && link->out.bytes <= rule->bytes_max / 2) {
        link_pause(link, PAUSE_OUTBOX, false);
    }
    if (!link->out.reset_waits && (link->pauses & PAUSE_OUTBOX) == 0) {
        link->stuck_ms = 0;
    }
    if (link->out.count > 0 || link->waits_writable) {
        return;
    }
    if (link->kind == LINK_WS && link->sent_close && link->got_close) {
        link_end(link);
    }
    if (link->kind == LINK_ENDING && !link->is_shut) {
        shut(link);
    }
}

void link_flush(struct link *link)
{
    if (link->is_killed) {
        link_mark_dirty(link);
        return;
    }
    link->waits_writable = false;
    while (link->out.count > 0 && !link->is_killed) {
        if (link->server->has_tls && lws_partial_buffered(link->wsi)) {
            link->waits_writable = true;
            break;
        }
        ssize_t written = write_some(link);
        if (written < 0) {
            link_kill(link);
            return;
        }
        if (written == 0) {
            link->waits_writable = true;
            break;
        }
    }
    if (link->is_killed) {
        return;
    }
    if (link->server->has_tls) {
        link->waits_writable = lws_partial_buffered(link->wsi) != 0;
        link_pause(link, PAUSE_TLS, link->waits_writable);
    }
    if (link->waits_writable) {
        (void)lws_callback_on_writable(link->wsi);
    }
    after_flush(link);
    if (link->in_len > 0 && link->pauses == 0 && !link->is_killed) {
        take_kept(link);
    }
}

void link_end(struct link *link)
{
    if (link->kind == LINK_ENDING) {
        return;
    }
    link->kind = LINK_ENDING;
    link->deadline_ms = clock_steady_ms() + LINK_CLOSE_MS_MAX;
    link_pause(link, PAUSE_USER, false);
    link_pause(link, PAUSE_REQUEST, false);
    link_mark_dirty(link);
}

static void tick_ws(struct link *link, int64_t now_ms)
{
    const struct server_options *options = &link->server->options;
    int64_t silent_ms = now_ms - link->heard_ms;
    if (link->stuck_ms != 0 && !link->sent_close &&
        now_ms - link->stuck_ms >= (int64_t)options->slow_s_max * 1000) {
        metric_add(link->server->metrics.slow_closes, 1);
        outbox_clear(&link->out);
        link_ws_close(link, CLOSE_SLOW, BYTES("too slow"));
        link_pause(link, PAUSE_OUTBOX, false);
        return;
    }
    if (link->pauses == 0 && silent_ms >= (int64_t)options->silence_s_max * 1000) {
        link_kill(link);
        return;
    }
    if (!link->was_pinged && !link->sent_close &&
        silent_ms >= (int64_t)options->ping_idle_s * 1000) {
        link->was_pinged = true;
        link_send(link, link->server->ping_frame);
    }
}

void link_tick(struct link *link, int64_t now_ms)
{
    if (link->deadline_ms != 0 && now_ms >= link->deadline_ms) {
        if (link->kind == LINK_HTTP) {
            link_http_tick(link, now_ms);
        } else {
            link_kill(link);
        }
    } else if (link->kind == LINK_WS) {
        tick_ws(link, now_ms);
    }
}
