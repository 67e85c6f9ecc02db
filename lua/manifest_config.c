/* The config of plugin.json: what an operator may set, as one schema with defaults that fit it. */
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/manifest_read.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_KEY_MAX 64
#define CONFIG_TEXT_MAX (MANIFEST_BYTES_MAX * 2)

static bool is_key(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return text.len > 0 && text.len <= CONFIG_KEY_MAX;
}

static int check_keys(struct manifest_reader *r, const struct json_node *object)
{
    struct manifest_walk walk;
    int err = manifest_walk_open(r, &walk, object);
    if (!err && object->size > MANIFEST_LIST_MAX) {
        err = manifest_fail(r, "at most %d keys expected", MANIFEST_LIST_MAX);
    }
    while (!err && manifest_walk_next(r, &walk)) {
        if (!is_key(json_string(walk.name))) {
            err = manifest_fail(r, "a key of 1 to %d letters, digits and '_' expected",
                                CONFIG_KEY_MAX);
        } else if (walk.value->type != JSON_OBJECT) {
            err = manifest_fail(r, "a schema expected");
        }
        manifest_walk_leave(r, &walk);
    }
    return err;
}

/* The schema's own message at the place in plugin.json that it speaks of. */
static int fail_schema(struct manifest_reader *r, const struct schema_error *error,
                       const char *what)
{
    const char *prefix = "/properties";
    size_t len = strlen(prefix);
    const char *at = strncmp(error->path, prefix, len) == 0 ? error->path + len : error->path;
    size_t own = strlen(r->path);
    snprintf(r->path + own, sizeof(r->path) - own, "%s", at);
    return manifest_fail(r, "%s%s", what, error->message);
}

static int compile(struct manifest_reader *r)
{
    struct json_doc doc;
    struct buf text;
    struct schema_error error = {"", ""};
    json_open(&doc);
    buf_open(&text, CONFIG_TEXT_MAX + 64);
    buf_append_text(&text, "{\"type\":\"object\",\"properties\":");
    buf_append_text(&text, r->manifest->config_json);
    buf_append_char(&text, '}');
    int err = text.err ? text.err : json_parse(&doc, buf_bytes(&text), NULL);
    if (!err && schema_new(&r->manifest->config, &doc, doc.nodes, &error)) {
        err = fail_schema(r, &error, "");
    } else if (err) {
        err = manifest_fail(r, "%s", err_text(err));
    }
    buf_close(&text);
    json_close(&doc);
    return err;
}

static void write_defaults(struct manifest_reader *r, const struct json_node *object,
                           struct buf *out)
{
    buf_append_char(out, '{');
    for (const struct json_node *name = json_first(r->doc, object); name != NULL;
         name = json_next(r->doc, object, name + 1)) {
        const struct json_node *otherwise = json_member(r->doc, name + 1, "default");
        if (otherwise) {
            if (out->len > 1) {
                buf_append_char(out, ',');
            }
            json_write_string(out, json_string(name));
            buf_append_char(out, ':');
            json_write_node(out, r->doc, otherwise, false);
        }
    }
    buf_append_char(out, '}');
}

static int check_defaults(struct manifest_reader *r, const struct json_node *object)
{
    struct json_doc doc;
    struct buf text;
    struct schema_error error = {"", ""};
    json_open(&doc);
    buf_open(&text, CONFIG_TEXT_MAX);
    write_defaults(r, object, &text);
    int err = text.err ? text.err : json_parse(&doc, buf_bytes(&text), NULL);
    if (!err && schema_check(r->manifest->config, &doc, doc.nodes, &error)) {
        err = fail_schema(r, &error, "the default does not fit: ");
    } else if (err) {
        err = manifest_fail(r, "%s", err_text(err));
    }
    buf_close(&text);
    json_close(&doc);
    return err;
}

int manifest_config(struct manifest_reader *r, const struct json_node *object)
{
    struct buf text;
    int err = check_keys(r, object);
    if (err) {
        return err;
    }
    buf_open(&text, CONFIG_TEXT_MAX);
    err = json_write_node(&text, r->doc, object, false);
    if (!err) {
        r->manifest->config_json = mem_copy_text(text.data, text.len);
    }
    buf_close(&text);
    err = err ? manifest_fail(r, "%s", err_text(err)) : compile(r);
    return err ? err : check_defaults(r, object);
}
