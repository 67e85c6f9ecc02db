/* What compiling a schema and reading its keywords share. */
#ifndef HOST_BASE_SCHEMA_COMPILE_H
#define HOST_BASE_SCHEMA_COMPILE_H

#include "host/base/schema_private.h"

struct root;

struct compiler {
    const struct json_doc *doc;
    struct root *root;
    struct schema_error *error;
    uint32_t nodes; /* schemas, required names and constants so far, copies too */
};

/* One schema of the document at one place. */
struct site {
    struct compiler *compiler;
    struct schema *schema;
    const struct json_node *value; /* of the keyword in hand */
    struct schema_place place;     /* of the keyword in hand */
    uint32_t depth;
    bool is_variant;
};

/* Memory that lives as long as the compiled schema, zeroed; NULL when there is none. */
void *schema_keep(struct compiler *c, size_t count, size_t item_bytes);
int schema_keep_bytes(struct compiler *c, struct bytes text, struct bytes *out);
/* Members of an object that are not dropped. */
uint32_t schema_count_members(const struct json_doc *doc, const struct json_node *object);
/* 0, or ERR_TOO_LARGE past SCHEMA_NODES_MAX. Copies for variants count, as they could be a square
 * of what was written. */
int schema_count_nodes(struct compiler *c, uint32_t count, const struct schema_place *place);
int schema_compile(struct compiler *c, const struct json_node *node,
                   const struct schema_place *place, uint32_t depth, const struct schema **out);
/* Fills site->schema with what the keywords of node say. */
int schema_read_keywords(struct site *site, const struct json_node *node,
                         const struct schema_place *place);

#endif
