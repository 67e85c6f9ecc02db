/* What each request of the control socket does. */
#include "host/app_private.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/cli/serve_config.h"
#include "host/control_private.h"
#include "host/crypto/keyring.h"
#include "host/plugin_logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESULT_BYTES_MAX (1U << 20)
#define LINES_BYTES_MAX (16U << 20) /* all kept lines of a plugin, each byte escaped */
#define KEY_FILE_BYTES_MAX 4096

/* Copies a text argument; false when it is not there, too long or has a NUL inside. */
static bool take_text(const struct request *request, const struct json_node *args, const char *name,
                      char *out, size_t out_size)
{
    const struct json_doc *doc = &request->control->doc;
    const struct json_node *node = args ? json_member(doc, args, name) : NULL;
    if (!node || node->type != JSON_STRING || node->size == 0 || node->size >= out_size ||
        memchr(node->text, '\0', node->size)) {
        return false;
    }
    memcpy(out, node->text, node->size);
    out[node->size] = '\0';
    return true;
}

/* ---- plugin ---- */

static void plugin_list(struct request *request, const struct json_node *args)
{
    struct buf out;
    (void)args;
    buf_open(&out, RESULT_BYTES_MAX);
    runtime_list(app_runtime(request->control->app), &out);
    request_answer(request, buf_bytes(&out));
    buf_close(&out);
}

/* Appends the members of the plugin's entry in the list, each with a comma behind it. */
static void append_plugin(struct buf *out, const struct control *control, const char *plugin)
{
    struct buf list;
    struct json_doc doc;
    buf_open(&list, RESULT_BYTES_MAX);
    json_open(&doc);
    runtime_list(app_runtime(control->app), &list);
    int err = json_parse(&doc, buf_bytes(&list), NULL);
    const struct json_node *item = err ? NULL : json_first(&doc, doc.nodes);
    for (; item; item = json_next(&doc, doc.nodes, item)) {
        const struct json_node *name = json_member(&doc, item, "name");
        if (name && json_is_string(name, plugin)) {
            json_write_node(out, &doc, item, false);
            out->data[out->len - 1] = ',';
            break;
        }
    }
    json_close(&doc);
    buf_close(&list);
    if (out->len == 0) {
        buf_append_char(out, '{');
    }
}

static void plugin_changed(void *ctx, int err, const char *message)
{
    struct request *request = ctx;
    struct buf out;
    if (err) {
        request_fail(request, err, message);
        return;
    }
    buf_open(&out, RESULT_BYTES_MAX);
    append_plugin(&out, request->control, request->plugin);
    buf_append_format(&out, "\"us\":%lld}",
                      (long long)((int64_t)clock_precise_ns() - request->started_ns) / 1000);
    request_answer(request, buf_bytes(&out));
    buf_close(&out);
}

typedef void (*plugin_change)(struct runtime *runtime, const char *plugin, runtime_done done,
                              void *ctx);

static void change_plugin(struct request *request, const struct json_node *args,
                          plugin_change change)
{
    if (!take_text(request, args, "name", request->plugin, sizeof(request->plugin))) {
        request_fail(request, ERR_INVALID, "args.name: the plugin's name is missing");
        return;
    }
    change(app_runtime(request->control->app), request->plugin, plugin_changed, request);
}

static void plugin_reload(struct request *request, const struct json_node *args)
{
    change_plugin(request, args, runtime_reload);
}

static void plugin_disable(struct request *request, const struct json_node *args)
{
    change_plugin(request, args, runtime_disable);
}

static void plugin_enable(struct request *request, const struct json_node *args)
{
    change_plugin(request, args, runtime_enable);
}

/* ---- plugin logs ---- */

static void append_line(void *ctx, struct bytes line)
{
    struct buf *out = ctx;
    buf_append_text(out, out->len == 0 ? "{\"lines\":[" : ",");
    json_write_string(out, line);
}

static void tell_new_lines(struct request *request)
{
    struct buf out;
    uint64_t lost;
    buf_open(&out, LINES_BYTES_MAX);
    request->next_line =
        plugin_logs_read(bytes_of(request->plugin), request->next_line, &lost, append_line, &out);
    if (out.len > 0) {
        buf_append_format(&out, "],\"lost\":%llu}", (unsigned long long)lost);
        request_tell(request, buf_bytes(&out));
    }
    buf_close(&out);
}

static bool is_plugin(const struct control *control, const char *name)
{
    struct buf out;
    buf_open(&out, RESULT_BYTES_MAX);
    append_plugin(&out, control, name);
    bool is_known = out.len > 1;
    buf_close(&out);
    return is_known;
}

static void plugin_logs(struct request *request, const struct json_node *args)
{
    const struct json_doc *doc = &request->control->doc;
    const struct json_node *follow = args ? json_member(doc, args, "follow") : NULL;
    request->is_following = follow && follow->type == JSON_TRUE;
    if (!take_text(request, args, "name", request->plugin, sizeof(request->plugin))) {
        request->is_following = false;
        request_fail(request, ERR_INVALID, "args.name: the plugin's name is missing");
        return;
    }
    tell_new_lines(request);
    if (request->next_line == 0 && !is_plugin(request->control, request->plugin)) {
        request->is_following = false;
        request_fail(request, ERR_NOT_FOUND, "no plugin of this name is loaded or has logged");
    } else if (!request->is_following) {
        request_answer(request, BYTES("{}"));
    }
}

void control_tell_lines(struct control *control)
{
    struct list *node = control->requests.next;
    while (node != &control->requests) {
        struct request *request = LIST_ITEM(node, struct request, node);
        node = node->next;
        if (request->is_following) {
            tell_new_lines(request);
        }
    }
}

/* ---- stats, commands ---- */

static void stats(struct request *request, const struct json_node *args)
{
    struct buf out;
    (void)args;
    buf_open(&out, RESULT_BYTES_MAX);
    app_stats(request->control->app, &out);
    request_answer(request, buf_bytes(&out));
    buf_close(&out);
}

static void command_list(struct request *request, const struct json_node *args)
{
    struct buf out;
    (void)args;
    buf_open(&out, RESULT_BYTES_MAX);
    runtime_commands(app_runtime(request->control->app), &out);
    request_answer(request, buf_bytes(&out));
    buf_close(&out);
}

static void command_done(void *ctx, int err, struct bytes result, const char *message)
{
    struct request *request = ctx;
    if (err) {
        request_fail(request, err, message);
    } else {
        request_answer(request, result.len > 0 ? result : BYTES("{}"));
    }
}

static void run_command(struct request *request, struct bytes command, const struct json_node *args)
{
    struct buf text;
    buf_open(&text, PIPE_LINE_MAX);
    if (args) {
        json_write_node(&text, &request->control->doc, args, false);
    } else {
        buf_append_text(&text, "{}");
    }
    runtime_command(app_runtime(request->control->app), command, buf_bytes(&text), command_done,
                    request);
    buf_close(&text);
}

/* ---- reread ---- */

static int reread(struct control *control, struct buf *restart_needed, char *message,
                  size_t message_size)
{
    struct config *config = mem_alloc(sizeof(*config));
    int err = serve_config_open(config, message, message_size);
    if (err) {
        LOG(LOG_ERROR, "config", "read again, and refused: the old one stays",
            LOG_TEXT("why", message));
    } else {
        log_set_level((enum log_level)config->log_level);
        app_reconfigure(control->app, config, restart_needed);
        LOG(LOG_INFO, "config", "read again",
            LOG_BYTES("restart_needed", buf_bytes(restart_needed)));
        config_close(config);
    }
    mem_free(config);
    return err;
}

void control_reread(struct control *control)
{
    char message[CONTROL_MESSAGE_MAX] = "";
    struct buf keys;
    buf_open(&keys, RESULT_BYTES_MAX);
    (void)reread(control, &keys, message, sizeof(message)); /* logged */
    buf_close(&keys);
}

static void reread_asked(struct request *request, const struct json_node *args)
{
    struct buf keys;
    struct buf out;
    (void)args;
    buf_open(&keys, RESULT_BYTES_MAX);
    buf_open(&out, RESULT_BYTES_MAX);
    int err = reread(request->control, &keys, request->message, sizeof(request->message));
    if (err) {
        request_fail(request, err, request->message);
    } else {
        buf_append_text(&out, "{\"restartNeeded\":");
        buf_append(&out, keys.len > 0 ? buf_bytes(&keys) : BYTES("[]"));
        buf_append_char(&out, '}');
        request_answer(request, buf_bytes(&out));
    }
    buf_close(&out);
    buf_close(&keys);
}

/* ---- backup, on a pool thread ---- */

static int write_whole(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    ssize_t written = write(fd, data, len);
    int err = written < 0 ? err_from_errno(errno) : (size_t)written < len ? ERR_DISK_FULL : 0;
    if (!err && fsync(fd) != 0) {
        err = err_from_errno(errno);
    }
    (void)close(fd);
    if (err) {
        (void)unlink(path);
    }
    return err;
}

static int copy_key(struct request *request, const char *to)
{
    char from[CONTROL_PATH_BYTES_MAX];
    char key[KEY_FILE_BYTES_MAX];
    snprintf(from, sizeof(from), "%s/%s", app_config(request->control->app)->data, KEYRING_FILE);
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, key, sizeof(key));
    int err = len < 0 ? err_from_errno(errno) : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (!err) {
        err = write_whole(to, key, (size_t)len);
    }
    explicit_bzero(key, sizeof(key));
    if (err) {
        snprintf(request->message, sizeof(request->message),
                 "can't copy the keys to the backup's .key file: %s", err_text(err));
    }
    return err;
}

static void backup_run(struct work *work)
{
    struct request *request = LIST_ITEM(work, struct request, work);
    char key_path[CONTROL_PATH_BYTES_MAX + sizeof(".key")];
    struct stat info = {0};
    snprintf(key_path, sizeof(key_path), "%s.key", request->path);
    /* The key first: it is small, and a database without it is no backup. */
    request->err = copy_key(request, key_path);
    if (request->err) {
        return;
    }
    request->err = db_backup(app_db(request->control->app), request->path, request->message,
                             sizeof(request->message));
    if (!request->err &&
        (chmod(request->path, S_IRUSR | S_IWUSR) != 0 || stat(request->path, &info) != 0)) {
        request->err = err_from_errno(errno);
    }
    if (request->err) {
        (void)unlink(key_path);
    } else {
        request->bytes = info.st_size;
    }
}

static void backup_done(struct work *work)
{
    struct request *request = LIST_ITEM(work, struct request, work);
    struct buf out;
    char key_path[CONTROL_PATH_BYTES_MAX + sizeof(".key")];
    if (request->err) {
        request_fail(request, request->err, request->message);
        return;
    }
    snprintf(key_path, sizeof(key_path), "%s.key", request->path);
    buf_open(&out, RESULT_BYTES_MAX);
    buf_append_text(&out, "{\"file\":");
    json_write_string(&out, bytes_of(request->path));
    buf_append_text(&out, ",\"keyFile\":");
    json_write_string(&out, bytes_of(key_path));
    buf_append_format(&out, ",\"bytes\":%lld}", (long long)request->bytes);
    request_answer(request, buf_bytes(&out));
    buf_close(&out);
}

static void backup(struct request *request, const struct json_node *args)
{
    struct control *control = request->control;
    if (!take_text(request, args, "path", request->path, sizeof(request->path)) ||
        request->path[0] != '/') {
        request_fail(request, ERR_INVALID, "args.path: an absolute path is needed");
        return;
    }
    request->work.run = backup_run;
    request->work.done = backup_done;
    int err = work_submit(control->app->pool, app_loop(control->app), &request->work);
    if (err) {
        request_fail(request, err, "the server is too busy, try again");
    }
}

/* ---- which is which ---- */

void control_request(struct request *request, struct bytes command, const struct json_node *args)
{
    static const struct {
        const char *name;
        void (*run)(struct request *request, const struct json_node *args);
    } requests[] = {
        {"plugin list", plugin_list},
        {"plugin reload", plugin_reload},
        {"plugin disable", plugin_disable},
        {"plugin enable", plugin_enable},
        {"plugin logs", plugin_logs},
        {"stats", stats},
        {"backup", backup},
        {"reread", reread_asked},
        {"command list", command_list},
    };
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (bytes_equal_text(command, requests[i].name)) {
            requests[i].run(request, args);
            return;
        }
    }
    run_command(request, command, args);
}
