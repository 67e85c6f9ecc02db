/* A link that has become a WebSocket: frames in, messages up, closing in both directions. */
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/base/utf8.h"
#include "host/net/frame_private.h"
#include "host/net/link.h"
#include "host/net/server_private.h"
#include "host/net/ws.h"

#include <string.h>

static void forget_message(struct link *link)
{
    mem_free(link->message);
    link->message = NULL;
    link->message_len = 0;
    link->message_capacity = 0;
    link->in_message = false;
}

static void send_control(struct link *link, enum frame_opcode opcode, struct bytes head,
                         struct bytes tail)
{
    char *payload;
    struct frame *frame = frame_new_opcode(opcode, head.len + tail.len, FRAME_ANSWER, &payload);
    if (frame == NULL) {
        link_kill(link);
        return;
    }
    memcpy(payload, head.data, head.len);
    if (tail.len > 0) {
        memcpy(payload + head.len, tail.data, tail.len);
    }
    link_send(link, frame);
    frame_release(frame);
}

static void send_close(struct link *link, unsigned code, struct bytes reason)
{
    char head[2] = {(char)(code >> 8), (char)(code & 0xff)};
    if (!link->sent_close) {
        reason.len = reason.len > CONN_REASON_MAX ? CONN_REASON_MAX : reason.len;
        send_control(link, FRAME_CLOSE, (struct bytes){head, 2}, reason);
        link->sent_close = true;
        link->deadline_ms = clock_steady_ms() + LINK_CLOSE_MS_MAX;
    }
}

void link_ws_close(struct link *link, unsigned code, struct bytes reason)
{
    if (link->kind != LINK_WS || link->is_killed) {
        return;
    }
    send_close(link, code, reason);
    forget_message(link);
    /* The peer's close must be read, whatever held us back. */
    link_pause(link, PAUSE_USER, false);
}

/* The peer broke the rules: our close is the last word. */
static void fail(struct link *link, unsigned code, const char *reason)
{
    link_ws_close(link, code, bytes_of(reason));
    link->got_close = true;
    link_mark_dirty(link);
}

static void take_close(struct link *link, struct bytes payload)
{
    struct bytes reason;
    unsigned code = ws_read_close(payload, &reason);
    if (code == CLOSE_PROTOCOL_ERROR || code == CLOSE_NOT_UTF8) {
        reason = BYTES_NONE;
    }
    link_ws_close(link, code, reason);
    link->got_close = true;
    link_mark_dirty(link);
}

static void take_control(struct link *link, const struct ws_header *header, struct bytes payload)
{
    if (header->opcode == FRAME_CLOSE) {
        take_close(link, payload);
    } else if (header->opcode == FRAME_PING && !link->sent_close) {
        send_control(link, FRAME_PONG, payload, BYTES_NONE);
    }
}

static void deliver(struct link *link, struct bytes text)
{
    if (!utf8_is_valid(text)) {
        fail(link, CLOSE_NOT_UTF8, "not UTF-8");
        return;
    }
    metric_add(link->server->metrics.messages, 1);
    link->server->options.conn.message(&link->conn, text);
}

static void take_data(struct link *link, const struct ws_header *header, struct bytes payload)
{
    if (link->sent_close) {
        return;
    }
    if (header->is_final && header->opcode == FRAME_TEXT) {
        deliver(link, payload);
        return;
    }
    if (link_collect(&link->message, &link->message_len, &link->message_capacity, payload,
                     link->server->options.message_bytes_max) != 0) {
        fail(link, CLOSE_TOO_LARGE, "message too large");
        return;
    }
    link->in_message = !header->is_final;
    if (header->is_final) {
        char *message = link->message;
        size_t len = link->message_len;
        link->message = NULL; /* so that what the message causes can't free it */
        forget_message(link);
        deliver(link, (struct bytes){message, len});
        mem_free(message);
    }
}

/* What is wrong with a header at this moment; 0 for nothing. */
static unsigned judge(const struct link *link, const struct ws_header *header)
{
    size_t bytes_max = link->server->options.message_bytes_max;
    bool is_control = header->opcode >= FRAME_CLOSE;
    bool continues = header->opcode == FRAME_CONTINUATION;
    if (is_control) {
        return 0;
    }
    if (continues != link->in_message) {
        return CLOSE_PROTOCOL_ERROR;
    }
    if (header->opcode == FRAME_BINARY) {
        return CLOSE_UNSUPPORTED;
    }
    size_t before = continues ? link->message_len : 0;
    return header->payload_len > bytes_max - before ? CLOSE_TOO_LARGE : 0;
}

size_t link_ws_take(struct link *link, char *data, size_t len)
{
    struct ws_header header;
    if (link->got_close) {
        return len; /* after a close nothing is said */
    }
    int err = ws_read_header(&header, (struct bytes){data, len}, false);
    if (err == ERR_TRUNCATED) {
        return 0;
    }
    unsigned code = err != 0 ? CLOSE_PROTOCOL_ERROR : judge(link, &header);
    if (code != 0 && link->sent_close && code != CLOSE_PROTOCOL_ERROR) {
        code = CLOSE_PROTOCOL_ERROR; /* closing already: no frame too large will be read through */
    }
    if (code != 0) {
        fail(link, code,
             code == CLOSE_TOO_LARGE     ? "message too large"
             : code == CLOSE_UNSUPPORTED ? "binary frames are not supported"
                                         : "protocol error");
        return len;
    }
    if (len - header.len < header.payload_len) {
        return 0;
    }
    struct bytes payload = {data + header.len, (size_t)header.payload_len};
    ws_unmask(data + header.len, payload.len, header.mask);
    if (header.opcode >= FRAME_CLOSE) {
        take_control(link, &header, payload);
    } else {
        take_data(link, &header, payload);
    }
    return header.len + payload.len;
}

static void send_op(struct conn *conn, struct frame *frame)
{
    struct link *link = (struct link *)conn;
    if (link->kind == LINK_WS && !link->sent_close) {
        link_send(link, frame);
    }
}

static void close_op(struct conn *conn, enum close_code code, struct bytes reason)
{
    link_ws_close((struct link *)conn, (unsigned)code, reason);
}

static void pause_op(struct conn *conn, bool paused)
{
    struct link *link = (struct link *)conn;
    if (link->kind == LINK_WS && !link->sent_close) {
        link_pause(link, PAUSE_USER, paused);
    }
}

const struct conn_ops link_ws_ops = {.send = send_op, .close = close_op, .pause = pause_op};
_Static_assert(offsetof(struct link, conn) == 0, "a conn is cast to its link");
