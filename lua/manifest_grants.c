/* The capabilities of plugin.json: what a plugin may do. */
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/manifest_read.h"

#include <string.h>

#define TOPIC_BYTES_MAX 64

/* ---- what names look like ---- */

static bool is_made_of(struct bytes text, const char *allowed)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0' || !strchr(allowed, text.data[i])) {
            return false;
        }
    }
    return text.len > 0;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define WORD LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* "users_profiles": of a plugin and a table. */
static bool is_table(struct bytes text)
{
    const char *line = text.len ? memchr(text.data, '_', text.len) : NULL;
    return line && text.len <= TOPIC_BYTES_MAX && is_made_of(text, LOWER "0123456789_") &&
           manifest_is_plugin_name((struct bytes){text.data, (size_t)(line - text.data)}) &&
           line + 1 < text.data + text.len;
}

/* "chat.members", "chat.*". */
static bool is_dotted(struct bytes text)
{
    if (text.len > 0 && text.data[text.len - 1] == '*') {
        text.len--;
        return text.len == 0 || (text.len < TOPIC_BYTES_MAX && is_made_of(text, WORD "."));
    }
    return text.len <= TOPIC_BYTES_MAX && is_made_of(text, WORD ".") && text.data[0] != '.' &&
           text.data[text.len - 1] != '.';
}

/* ---- grants ---- */

static int read_list(struct manifest_reader *r, const struct json_node *value,
                     struct text_list *list)
{
    return manifest_list(r, value, list, is_dotted, "a name like \"chat.send\" or \"chat.*\"");
}

static int read_db(struct manifest_reader *r, const struct json_node *value)
{
    static const char *const names[] = {"reads"};
    if (value->type == JSON_FALSE) {
        return 0;
    }
    r->manifest->grants |= GRANT_DB;
    if (value->type == JSON_TRUE) {
        return 0;
    }
    struct manifest_walk walk;
    size_t index;
    int err = manifest_walk_open(r, &walk, value);
    while (!err && manifest_walk_next(r, &walk)) {
        err = manifest_walk_known(r, &walk, names, 1, &index);
        err = err ? err
                  : manifest_list(r, walk.value, &r->manifest->db_reads, is_table,
                                  "a table like \"users_profiles\"");
        manifest_walk_leave(r, &walk);
    }
    return err;
}

static const char *const session_names[] = {"deliver", "open", "close", "watch"};
static const enum grant session_grants[] = {GRANT_SESSION_DELIVER, GRANT_SESSION_OPEN,
                                            GRANT_SESSION_CLOSE, GRANT_SESSION_WATCH};
#define SESSION_GRANTS (sizeof(session_grants) / sizeof(session_grants[0]))

static bool is_session_grant(struct bytes text)
{
    for (size_t i = 0; i < SESSION_GRANTS; i++) {
        if (bytes_equal_text(text, session_names[i])) {
            return true;
        }
    }
    return false;
}

static int read_session(struct manifest_reader *r, const struct json_node *value)
{
    struct text_list list = {NULL, 0};
    int err = manifest_list(r, value, &list, is_session_grant, "deliver, open, close or watch");
    for (size_t i = 0; i < list.count; i++) {
        for (size_t k = 0; k < SESSION_GRANTS; k++) {
            if (strcmp(list.items[i], session_names[k]) == 0) {
                r->manifest->grants |= session_grants[k];
            }
        }
        mem_free(list.items[i]);
    }
    mem_free(list.items);
    return err;
}

static int read_bus(struct manifest_reader *r, const struct json_node *value)
{
    static const char *const names[] = {"publish", "subscribe"};
    struct text_list *lists[] = {&r->manifest->bus_publish, &r->manifest->bus_subscribe};
    struct manifest_walk walk;
    size_t index;
    int err = manifest_walk_open(r, &walk, value);
    while (!err && manifest_walk_next(r, &walk)) {
        err = manifest_walk_known(r, &walk, names, 2, &index);
        err = err ? err : read_list(r, walk.value, lists[index]);
        manifest_walk_leave(r, &walk);
    }
    return err;
}

static int read_call(struct manifest_reader *r, const struct json_node *value)
{
    return read_list(r, value, &r->manifest->calls);
}

static int read_hook(struct manifest_reader *r, const struct json_node *value)
{
    return read_list(r, value, &r->manifest->hooks);
}

/* Those without parameters have no reader; a grant of 0 is what every plugin has anyway. */
static const struct {
    const char *name;
    int (*read)(struct manifest_reader *r, const struct json_node *value);
    unsigned grant;
} known[] = {
    {"db", read_db, 0},
    {"session", read_session, 0},
    {"bus", read_bus, 0},
    {"call", read_call, 0},
    {"hook", read_hook, 0},
    {"kv", NULL, GRANT_KV},
    {"crypto", NULL, GRANT_CRYPTO},
    {"timer", NULL, GRANT_TIMER},
    {"metrics", NULL, GRANT_METRICS},
    {"http", NULL, GRANT_HTTP},
    {"command", NULL, GRANT_COMMAND},
    {"auth", NULL, GRANT_AUTH},
    {"limit", NULL, GRANT_LIMIT},
    {"log", NULL, 0},
    {"json", NULL, 0},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static int read_one(struct manifest_reader *r, size_t index, const struct json_node *value)
{
    if (known[index].read) {
        return known[index].read(r, value);
    }
    if (value->type != JSON_TRUE && value->type != JSON_FALSE) {
        return manifest_fail(r, "true or false expected");
    }
    if (value->type == JSON_TRUE) {
        r->manifest->grants |= known[index].grant;
    }
    return 0;
}

static int keep_text(struct manifest_reader *r, const struct json_node *object)
{
    struct buf out;
    buf_open(&out, MANIFEST_BYTES_MAX * 2);
    int err = json_write_node(&out, r->doc, object, false);
    if (!err) {
        r->manifest->capabilities_json = mem_copy_text(out.data, out.len);
    }
    buf_close(&out);
    return err;
}

int manifest_capabilities(struct manifest_reader *r, const struct json_node *object)
{
    const char *names[KNOWN];
    for (size_t i = 0; i < KNOWN; i++) {
        names[i] = known[i].name;
    }
    struct manifest_walk walk;
    size_t index;
    int err = manifest_walk_open(r, &walk, object);
    while (!err && manifest_walk_next(r, &walk)) {
        err = manifest_walk_known(r, &walk, names, KNOWN, &index);
        err = err ? err : read_one(r, index, walk.value);
        manifest_walk_leave(r, &walk);
    }
    return err ? err : keep_text(r, object);
}
