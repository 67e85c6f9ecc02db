/* JSON results as people read them: a list of objects as a table, an object as pairs. */
#ifndef HOST_CLI_PRINT_H
#define HOST_CLI_PRINT_H

#include "host/base/json.h"

#define PRINT_COLUMNS_MAX 16
#define PRINT_BYTES_MAX (16U << 20)

/* A column of a table, taken from a member of each row. */
struct print_column {
    const char *member;
    const char *title;
};

void print_json(const struct json_doc *doc, const struct json_node *node);
/* rows is a JSON array of objects. */
void print_table(const struct json_doc *doc, const struct json_node *rows,
                 const struct print_column *columns, size_t count);
/* Every member of an object, those of objects inside too ("database.queue"); or the value. */
void print_pairs(const struct json_doc *doc, const struct json_node *node);
/* Appends a value as a person reads it; a list as JSON. */
void print_value(struct buf *out, const struct json_doc *doc, const struct json_node *value);

#endif
