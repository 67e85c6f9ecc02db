/* What the files that read plugin.json share: where they are in it, and how they complain. */
#ifndef LUA_MANIFEST_READ_H
#define LUA_MANIFEST_READ_H

#include "host/base/schema.h"
#include "lua/manifest.h"

struct manifest_reader {
    struct manifest *manifest;
    struct json_doc *doc;
    char path[SCHEMA_PATH_MAX]; /* of the value being read, as JSON Pointer */
    char *message;
    size_t message_size;
};

/* Writes "plugin.json: <path>: <words>" and returns ERR_INVALID. */
__attribute__((format(printf, 2, 3))) int manifest_fail(struct manifest_reader *r,
                                                        const char *format, ...);
/* Parses the text into r->doc; ERR_SYNTAX with line and column, ERR_TOO_LARGE. */
int manifest_parse(struct manifest_reader *r, struct bytes text);

/*
 * The members of an object, one after the other; the reader's path follows:
 *
 *     for open; while next: known, read, leave.
 */
struct manifest_walk {
    const struct json_node *object;
    const struct json_node *name;
    const struct json_node *value;
    size_t path_len; /* without the member */
};
int manifest_walk_open(struct manifest_reader *r, struct manifest_walk *walk,
                       const struct json_node *object);
bool manifest_walk_next(struct manifest_reader *r, struct manifest_walk *walk);
void manifest_walk_leave(struct manifest_reader *r, const struct manifest_walk *walk);
/* The member's place in names, or an error with the nearest of them. */
int manifest_walk_known(struct manifest_reader *r, const struct manifest_walk *walk,
                        const char *const *names, size_t count, size_t *index);

/* A string of 1 to bytes_max bytes, copied. */
int manifest_text(struct manifest_reader *r, const struct json_node *value, size_t bytes_max,
                  char **out);
/* A list of strings that all pass, each once. */
int manifest_list(struct manifest_reader *r, const struct json_node *value, struct text_list *list,
                  bool (*is_good)(struct bytes text), const char *expected);
bool manifest_is_plugin_name(struct bytes text);

/* Readers of the two big members. */
int manifest_capabilities(struct manifest_reader *r, const struct json_node *object);
int manifest_config(struct manifest_reader *r, const struct json_node *object);

#endif
