/* The opening handshake (RFC 6455, section 4.2), for requests that may lie. */
#include "host/base/mem.h"
#include "host/net/frame_private.h"
#include "host/net/http_head.h"
#include "host/net/link.h"
#include "host/net/server_private.h"
#include "host/net/ws.h"

#include <stdio.h>
#include <string.h>

#define SUBPROTOCOL "chattermesh.v1.json"
#define ANSWER_BYTES_MAX 256

/* The status to refuse with, and why; 0 to go on. */
static int judge(const struct http_head *head, const char **detail)
{
    const char *version = http_head_get(head, "sec-websocket-version");
    const char *key = http_head_get(head, "sec-websocket-key");
    if (!http_head_has_token(head, "upgrade", "websocket")) {
        *detail = "this address speaks WebSocket only";
        return 426;
    }
    if (strcmp(head->method, "GET") != 0 || head->is_1_0 || head->content_length > 0 ||
        !http_head_has_token(head, "connection", "upgrade")) {
        *detail = "not a WebSocket handshake";
        return 400;
    }
    if (version == NULL || strcmp(version, "13") != 0) {
        *detail = "only version 13 of WebSocket is spoken here";
        return 426;
    }
    if (key == NULL || http_head_count(head, "sec-websocket-key") != 1 || !ws_is_key(key)) {
        *detail = "Sec-WebSocket-Key is missing or wrong";
        return 400;
    }
    if (http_head_count(head, "sec-websocket-protocol") > 0 &&
        !http_head_has_token(head, "sec-websocket-protocol", SUBPROTOCOL)) {
        *detail = "none of the offered sub-protocols is known";
        return 400;
    }
    return 0;
}

static struct frame *answer(const struct http_head *head)
{
    char accept[29];
    char text[ANSWER_BYTES_MAX];
    bool has_protocol = http_head_count(head, "sec-websocket-protocol") > 0;
    ws_accept_key(accept, http_head_get(head, "sec-websocket-key"));
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 101 Switching Protocols\r\n"
                       "upgrade: websocket\r\nconnection: Upgrade\r\n"
                       "sec-websocket-accept: %s\r\n%s\r\n",
                       accept, has_protocol ? "sec-websocket-protocol: " SUBPROTOCOL "\r\n" : "");
    struct frame *frame = frame_new_raw((size_t)len, FRAME_ANSWER);
    if (frame != NULL) {
        memcpy(frame->data, text, (size_t)len);
    }
    return frame;
}

void link_upgrade(struct link *link, const struct http_head *head)
{
    const struct server_options *options = &link->server->options;
    const char *detail = NULL;
    int status = judge(head, &detail);
    const char *token = http_head_bearer(head);
    if (status == 0 && token != NULL && strlen(token) > CONN_TOKEN_MAX) {
        status = 401;
        detail = "the token is not valid";
    }
    if (status == 0 && options->conn.upgrade != NULL) {
        status = options->conn.upgrade(options->conn.ctx, token, link->conn.address);
        detail = status == 401 ? "the token is not valid" : "the connection is refused";
    }
    struct frame *frame = status == 0 ? answer(head) : NULL;
    if (frame == NULL) {
        link_http_refuse(link, status == 0 ? 503 : status, status == 0 ? "out of memory" : detail);
        return;
    }
    link->conn.token = token == NULL ? NULL : mem_copy_text(token, strlen(token));
    link->conn.ops = &link_ws_ops;
    link->kind = LINK_WS;
    link->deadline_ms = 0;
    link_send(link, frame);
    frame_release(frame);
    link->was_opened = true;
    options->conn.opened(options->conn.ctx, &link->conn);
}
