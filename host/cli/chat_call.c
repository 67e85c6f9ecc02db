/* JSON-RPC as a client speaks it. */
#include "host/base/err.h"
#include "host/cli/chat.h"

#include <stdio.h>
#include <string.h>

#define ERROR_BYTES_MAX 512

bool chat_text(char *out, size_t size, const struct json_doc *doc, const struct json_node *object,
               const char *name)
{
    const struct json_node *node = object ? json_member(doc, object, name) : NULL;
    out[0] = '\0';
    if (!node || node->type != JSON_STRING || node->size >= size ||
        memchr(node->text, '\0', node->size)) {
        return false;
    }
    memcpy(out, node->text, node->size);
    out[node->size] = '\0';
    return true;
}

int64_t chat_integer(const struct json_doc *doc, const struct json_node *object, const char *name)
{
    const struct json_node *node = object ? json_member(doc, object, name) : NULL;
    return node && node->type == JSON_INTEGER ? node->integer : 0;
}

void chat_params(struct buf *out)
{
    buf_open(out, CHAT_PARAMS_BYTES_MAX);
    buf_append_char(out, '{');
}

static void param_name(struct buf *out, const char *name)
{
    buf_append_text(out, out->len > 1 ? "," : "");
    json_write_string(out, bytes_of(name));
    buf_append_char(out, ':');
}

void chat_param(struct buf *out, const char *name, const char *value)
{
    param_name(out, name);
    json_write_string(out, bytes_of(value));
}

void chat_param_integer(struct buf *out, const char *name, int64_t value)
{
    param_name(out, name);
    buf_append_integer(out, value);
}

struct bytes chat_params_end(struct buf *out)
{
    buf_append_char(out, '}');
    return buf_bytes(out);
}

static int send_message(struct chat *chat, int64_t id, const char *method, struct bytes params)
{
    struct buf text;
    buf_open(&text, CHAT_PARAMS_BYTES_MAX + 1024);
    buf_append_text(&text, "{\"jsonrpc\":\"2.0\",");
    if (id) {
        buf_append_format(&text, "\"id\":%lld,", (long long)id);
    }
    buf_append_format(&text, "\"method\":\"%s\",\"params\":", method);
    buf_append(&text, params);
    buf_append_char(&text, '}');
    int err = text.err ? text.err : chat_link_send(chat->link, buf_bytes(&text));
    explicit_bzero(text.data, text.len); /* a password may be inside */
    buf_close(&text);
    return err;
}

static struct call *free_call(struct chat *chat)
{
    for (size_t i = 0; i < CHAT_CALLS_MAX; i++) {
        if (chat->calls[i].id == 0) {
            return &chat->calls[i];
        }
    }
    return NULL;
}

static void finish(struct chat *chat, struct call *call, const struct answer *answer)
{
    struct call done = *call;
    struct answer whole = *answer;
    whole.then = call->then;
    call->id = 0;
    if (done.done) {
        done.done(chat, &whole, done.subject);
    }
}

void chat_call(struct chat *chat, const char *method, struct bytes params, chat_done done,
               const char *subject)
{
    chat_call_then(chat, method, params, done, NULL, subject);
}

void chat_call_then(struct chat *chat, const char *method, struct bytes params, chat_done done,
                    chat_done then, const char *subject)
{
    struct call *call = free_call(chat);
    struct answer lost = {.type = "", .error = "not connected", .then = then};
    int64_t id = ++chat->next_call;
    if (!call || send_message(chat, id, method, params)) {
        if (done) {
            done(chat, &lost, subject);
        }
        return;
    }
    call->id = id;
    call->done = done;
    call->then = then;
    snprintf(call->subject, sizeof(call->subject), "%s", subject);
}

void chat_notify(struct chat *chat, const char *method, struct bytes params)
{
    (void)send_message(chat, 0, method, params); /* lost like what the network loses */
}

void chat_calls_lost(struct chat *chat)
{
    struct answer lost = {.type = "", .error = "the connection was lost"};
    for (size_t i = 0; i < CHAT_CALLS_MAX; i++) {
        if (chat->calls[i].id) {
            finish(chat, &chat->calls[i], &lost);
        }
    }
}

static void take_answer(struct chat *chat, int64_t id, const struct json_node *root)
{
    const struct json_doc *doc = &chat->doc;
    const struct json_node *error = json_member(doc, root, "error");
    char type[64] = "";
    char message[ERROR_BYTES_MAX] = "";
    struct answer answer = {.doc = doc, .type = type, .error = message};
    if (error) {
        const struct json_node *data = json_member(doc, error, "data");
        chat_text(type, sizeof(type), doc, data, "type");
        chat_text(message, sizeof(message), doc, error, "message");
    } else {
        answer.result = json_member(doc, root, "result");
    }
    for (size_t i = 0; i < CHAT_CALLS_MAX; i++) {
        if (chat->calls[i].id == id) {
            finish(chat, &chat->calls[i], &answer);
            return;
        }
    }
}

void chat_receive(struct chat *chat, struct bytes text)
{
    if (json_parse(&chat->doc, text, NULL)) {
        return; /* not ours to answer */
    }
    const struct json_node *root = chat->doc.nodes;
    const struct json_node *method = json_member(&chat->doc, root, "method");
    int64_t id = chat_integer(&chat->doc, root, "id");
    if (method && method->type == JSON_STRING) {
        const struct json_node *params = json_member(&chat->doc, root, "params");
        if (params && params->type == JSON_OBJECT) {
            chat_event(chat, json_string(method), params);
        }
    } else if (id) {
        take_answer(chat, id, root);
    }
}
