/*
 * A request is one line, its answers one line each:
 *
 *     {"id": 1, "command": "plugin reload", "args": {"name": "chat"}}
 *     {"id": 1, "ok": true, "result": {...}}
 *     {"id": 1, "ok": false, "error": {"type": "ERR_NOT_FOUND", "message": "..."}}
 *
 * id is any string or number, given back as it came. An answer with "more":
 * true is followed by others of its request. The commands:
 *
 *     plugin list                     [{name, version, generation, state, ...}]
 *     plugin reload, disable, enable {name}
 *                                     the plugin as it now is, with us: the time it took
 *     plugin logs {name, follow?}     {lines, lost} for what is kept, more: true; then {} or,
 *                                     when it follows, {lines, lost} as they come, without end
 *     stats                           {uptimeS, connections, ...}
 *     backup {path}                   {file, keyFile, bytes}; the path is absolute
 *     reread                          {restartNeeded: [key]}
 *     command list                    [{name, plugin, about: {summary, args}}]
 *     anything else                   a command of a plugin; args is its object
 */
#include "host/control.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/control_private.h"
#include "host/plugin_logs.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ID_BYTES_MAX 256
#define SOCKET_PATH_MAX 100 /* what surely fits a socket's address */

/* ---- answers ---- */

static void free_when_done(struct control *control)
{
    if (control->is_ended && control->requests_count == 0 && !atomic_load(&control->is_woken)) {
        json_close(&control->doc);
        mem_free(control);
    }
}

static void request_free(struct request *request)
{
    struct control *control = request->control;
    list_remove(&request->node);
    control->requests_count--;
    buf_close(&request->id);
    mem_free(request);
    free_when_done(control);
}

static void send_answer(struct request *request, const char *middle, struct bytes result)
{
    struct buf line;
    if (!request->peer) {
        return;
    }
    buf_open(&line, PIPE_OUT_MAX);
    buf_append_text(&line, "{\"id\":");
    buf_append(&line, buf_bytes(&request->id));
    buf_append_text(&line, middle);
    buf_append(&line, result);
    buf_append_char(&line, '}');
    if (line.err) {
        pipe_peer_close(request->peer);
    } else {
        (void)pipe_peer_send(request->peer, buf_bytes(&line)); /* too slow: it is closed */
    }
    buf_close(&line);
}

void request_tell(struct request *request, struct bytes result)
{
    send_answer(request, ",\"ok\":true,\"more\":true,\"result\":", result);
}

void request_answer(struct request *request, struct bytes result)
{
    send_answer(request, ",\"ok\":true,\"result\":", result);
    request_free(request);
}

void request_fail(struct request *request, int err, const char *message)
{
    struct buf error;
    buf_open(&error, PIPE_LINE_MAX);
    buf_append_format(&error, "{\"type\":\"%s\",\"message\":", err_name(err));
    json_write_string(&error, bytes_of(message[0] ? message : err_text(err)));
    buf_append_char(&error, '}');
    send_answer(request, ",\"ok\":false,\"error\":", buf_bytes(&error));
    buf_close(&error);
    request_free(request);
}

/* ---- lines ---- */

static struct request *request_new(struct control *control, struct pipe_peer *peer)
{
    struct request *request = mem_alloc(sizeof(*request));
    request->control = control;
    request->peer = peer;
    request->started_ns = (int64_t)clock_precise_ns();
    buf_open(&request->id, ID_BYTES_MAX);
    list_append(&control->requests, &request->node);
    control->requests_count++;
    return request;
}

static bool take_id(struct request *request, const struct json_doc *doc)
{
    const struct json_node *id = json_member(doc, doc->nodes, "id");
    if (id && (id->type == JSON_STRING || id->type == JSON_INTEGER) &&
        json_write_node(&request->id, doc, id, false) == 0) {
        return true;
    }
    buf_clear(&request->id);
    buf_append_text(&request->id, "null");
    return false;
}

static void take_request(struct request *request, const struct json_doc *doc)
{
    bool has_id = take_id(request, doc);
    const struct json_node *command = json_member(doc, doc->nodes, "command");
    const struct json_node *args = json_member(doc, doc->nodes, "args");
    if (!has_id || !command || command->type != JSON_STRING ||
        (args && args->type != JSON_OBJECT)) {
        request_fail(request, ERR_INVALID, "a request is {id, command, args}");
    } else if (request->control->requests_count > CONTROL_REQUESTS_MAX) {
        request_fail(request, ERR_FULL, "too many requests are under way");
    } else {
        control_request(request, json_string(command), args);
    }
}

static void on_line(void *ctx, struct pipe_peer *peer, struct bytes line)
{
    struct control *control = ctx;
    struct request *request = request_new(control, peer);
    int err = json_parse(&control->doc, line, NULL);
    if (err) {
        buf_append_text(&request->id, "null");
        request_fail(request, err, "the line is not JSON");
        return;
    }
    take_request(request, &control->doc);
}

/* peer NULL: all of them. Who only followed is done; the others still have something under way. */
static void forget_peer(struct control *control, const struct pipe_peer *peer)
{
    struct list *node = control->requests.next;
    while (node != &control->requests) {
        struct request *request = LIST_ITEM(node, struct request, node);
        node = node->next;
        if (!peer || request->peer == peer) {
            request->peer = NULL;
            if (request->is_following) {
                request_free(request);
            }
        }
    }
}

static void on_closed(void *ctx, struct pipe_peer *peer)
{
    forget_peer(ctx, peer);
}

/* ---- a plugin logged ---- */

static void woken(struct letter *letter)
{
    struct control *control = LIST_ITEM(letter, struct control, woken);
    atomic_store(&control->is_woken, false);
    if (control->is_ended) {
        free_when_done(control);
    } else {
        control_tell_lines(control);
    }
}

static void wake(void *ctx)
{
    struct control *control = ctx;
    if (atomic_exchange(&control->is_woken, true)) {
        return;
    }
    control->woken.deliver = woken;
    if (loop_post(app_loop(control->app), &control->woken)) {
        atomic_store(&control->is_woken, false); /* the next line will try again */
    }
}

/* ---- the socket ---- */

static void socket_path(struct control *control, const char *folder, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", folder, CONTROL_SOCKET);
    if (strlen(path) <= SOCKET_PATH_MAX) {
        return;
    }
    control->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (control->folder_fd >= 0) {
        snprintf(path, size, "/proc/self/fd/%d/%s", control->folder_fd, CONTROL_SOCKET);
    }
}

int control_new(struct control **out, struct app *app, char *message, size_t message_size)
{
    char path[CONTROL_PATH_BYTES_MAX];
    struct control *control = mem_alloc(sizeof(*control));
    struct pipe_events events = {.ctx = control, .line = on_line, .closed = on_closed};
    control->app = app;
    control->folder_fd = -1;
    list_open(&control->requests);
    json_open(&control->doc);
    socket_path(control, app_config(app)->data, path, sizeof(path));
    int err = pipe_server_new(&control->server, app_loop(app), path, &events);
    if (err) {
        snprintf(message, message_size, "can't open the control socket %s/%s: %s",
                 app_config(app)->data, CONTROL_SOCKET, err_text(err));
        if (control->folder_fd >= 0) {
            close(control->folder_fd);
        }
        json_close(&control->doc);
        mem_free(control);
        return err;
    }
    plugin_logs_on_line(wake, control);
    *out = control;
    return 0;
}

void control_free(struct control *control)
{
    plugin_logs_on_line(NULL, NULL);
    pipe_server_free(control->server);
    if (control->folder_fd >= 0) {
        close(control->folder_fd);
    }
    /* One hold, so that the last request does not free it under the walk. */
    control->requests_count++;
    forget_peer(control, NULL);
    control->requests_count--;
    control->is_ended = true;
    free_when_done(control);
}
