#include "lua/manifest_read.h"

#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MANIFEST_DEPTH_MAX 32
#define FAIL_WORDS_MAX 256

int manifest_fail(struct manifest_reader *r, const char *format, ...)
{
    char words[FAIL_WORDS_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    snprintf(r->message, r->message_size, "plugin.json: %s%s%s", r->path, r->path[0] ? ": " : "",
             words);
    /* It may quote names from the file, and is shown on a terminal. */
    for (char *at = r->message; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == '\177') {
            *at = '?';
        }
    }
    return ERR_INVALID;
}

static int fail_syntax(struct manifest_reader *r, struct bytes text, int err)
{
    unsigned line = 1;
    unsigned column = 1;
    for (size_t i = 0; i < r->doc->error_offset && i < text.len; i++) {
        column = text.data[i] == '\n' ? 1 : column + 1;
        line += text.data[i] == '\n';
    }
    snprintf(r->message, r->message_size, "plugin.json:%u:%u: %s", line, column, err_text(err));
    return err == ERR_TOO_LARGE || err == ERR_NOMEM ? err : ERR_SYNTAX;
}

int manifest_parse(struct manifest_reader *r, struct bytes text)
{
    if (text.len > MANIFEST_BYTES_MAX) {
        manifest_fail(r, "at most %d bytes expected", MANIFEST_BYTES_MAX);
        return ERR_TOO_LARGE;
    }
    int err = json_parse(r->doc, text, &(struct json_limits){.depth_max = MANIFEST_DEPTH_MAX});
    return err ? fail_syntax(r, text, err) : 0;
}

/* ---- objects ---- */

static void path_add(struct manifest_reader *r, size_t len, struct bytes name)
{
    size_t room = sizeof(r->path) - 1;
    if (len < room) {
        r->path[len++] = '/';
    }
    for (size_t i = 0; i < name.len && len + 2 <= room; i++) {
        if (name.data[i] == '~' || name.data[i] == '/') {
            r->path[len++] = '~';
            r->path[len++] = name.data[i] == '~' ? '0' : '1';
        } else {
            r->path[len++] = name.data[i];
        }
    }
    r->path[len] = '\0';
}

int manifest_walk_open(struct manifest_reader *r, struct manifest_walk *walk,
                       const struct json_node *object)
{
    *walk = (struct manifest_walk){object, NULL, NULL, strlen(r->path)};
    return object->type == JSON_OBJECT ? 0 : manifest_fail(r, "an object expected");
}

bool manifest_walk_next(struct manifest_reader *r, struct manifest_walk *walk)
{
    walk->name = walk->name ? json_next(r->doc, walk->object, walk->value)
                            : json_first(r->doc, walk->object);
    if (!walk->name) {
        return false;
    }
    walk->value = walk->name + 1;
    path_add(r, walk->path_len, json_string(walk->name));
    return true;
}

void manifest_walk_leave(struct manifest_reader *r, const struct manifest_walk *walk)
{
    r->path[walk->path_len] = '\0';
}

int manifest_walk_known(struct manifest_reader *r, const struct manifest_walk *walk,
                        const char *const *names, size_t count, size_t *index)
{
    struct bytes name = json_string(walk->name);
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_text(name, names[i])) {
            *index = i;
            return 0;
        }
    }
    const char *near = nearest_name(name, names, count);
    return near ? manifest_fail(r, "unknown member; do you mean \"%s\"?", near)
                : manifest_fail(r, "unknown member");
}

/* ---- values ---- */

int manifest_text(struct manifest_reader *r, const struct json_node *value, size_t bytes_max,
                  char **out)
{
    if (value->type != JSON_STRING || value->size == 0 || value->size > bytes_max) {
        return manifest_fail(r, "a string of 1 to %zu bytes expected", bytes_max);
    }
    *out = mem_copy_text(value->text, value->size);
    return 0;
}

static bool is_in(const struct text_list *list, struct bytes text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (bytes_equal_text(text, list->items[i])) {
            return true;
        }
    }
    return false;
}

int manifest_list(struct manifest_reader *r, const struct json_node *value, struct text_list *list,
                  bool (*is_good)(struct bytes text), const char *expected)
{
    if (value->type != JSON_ARRAY || value->size > MANIFEST_LIST_MAX) {
        return manifest_fail(r, "a list of at most %d strings expected", MANIFEST_LIST_MAX);
    }
    list->items = mem_alloc_array(value->size ? value->size : 1, sizeof(char *));
    const struct json_node *item = json_first(r->doc, value);
    for (size_t i = 0; item; i++, item = json_next(r->doc, value, item)) {
        char index[24];
        snprintf(index, sizeof(index), "%zu", i);
        size_t len = strlen(r->path);
        if (item->type != JSON_STRING || !is_good(json_string(item))) {
            path_add(r, len, bytes_of(index));
            return manifest_fail(r, "%s expected", expected);
        }
        if (is_in(list, json_string(item))) {
            path_add(r, len, bytes_of(index));
            return manifest_fail(r, "is listed twice");
        }
        list->items[list->count++] = mem_copy_text(item->text, item->size);
    }
    return 0;
}

bool manifest_is_plugin_name(struct bytes text)
{
    if (text.len < 2 || text.len > PLUGIN_NAME_MAX || text.data[0] < 'a' || text.data[0] > 'z') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            return false;
        }
    }
    return true;
}
