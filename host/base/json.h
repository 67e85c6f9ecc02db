/*
 * JSON (RFC 8259) read into a flat list of nodes, and written into a buffer.
 *
 * A node of a container is followed by its children; `next` is the index of
 * the node after its whole subtree, so skipping needs no recursion. An
 * object's children are a JSON_STRING node for the name and then the value's
 * subtree, in turn. Strings lend from the input when they have no escapes,
 * else from the document: both must outlive the nodes.
 *
 *     {"a":[1,true]}  ->  0 OBJECT size=1 next=5, 1 STRING "a" next=2,
 *                         2 ARRAY size=2 next=5, 3 INTEGER 1, 4 TRUE
 */
#ifndef HOST_BASE_JSON_H
#define HOST_BASE_JSON_H

#include "host/base/buf.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INTEGER, /* every number whose value is a whole int64: 1, 1.0, 1e2 */
    JSON_REAL,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

enum {
    JSON_DROPPED = 1,    /* a name and its value: an earlier duplicate, or one that
                            the schema does not know; readers and encoders skip it */
    JSON_BAD_STRING = 2, /* has \u0000 or a lone surrogate: well formed, refused by schemas */
};

struct json_node {
    uint8_t type;
    uint8_t flags;
    uint32_t size; /* bytes of a string, members of an object, items of an array */
    uint32_t next;
    union {
        int64_t integer;
        double real;
        const char *text; /* not NUL-terminated */
    };
};

struct json_limits {
    uint32_t depth_max; /* containers inside each other; 0 means JSON_DEPTH_MAX; at most
                           JSON_DEPTH_CEILING, whatever is asked for */
    uint32_t nodes_max; /* 0 means JSON_NODES_MAX */
};
#define JSON_DEPTH_MAX 32
#define JSON_DEPTH_CEILING 512 /* writers recurse */
#define JSON_NODES_MAX (1U << 20)

struct json_doc {
    struct json_node *nodes;
    uint32_t count;
    uint32_t capacity;
    struct buf text;     /* strings that had escapes */
    size_t error_offset; /* where reading stopped */
};

/* A document may be used again and again: json_parse starts it anew. */
void json_open(struct json_doc *doc);
void json_close(struct json_doc *doc);
/*
 * 0 and the root at nodes[0], or ERR_SYNTAX, ERR_UTF8, ERR_DEPTH (too many
 * containers inside each other), ERR_TOO_LARGE (nodes), ERR_NOMEM. Duplicate
 * names: the last wins, the earlier are JSON_DROPPED. An integer beyond int64
 * and any other number becomes JSON_REAL; one that overflows a double is
 * ERR_SYNTAX. Bytes that are not UTF-8 anywhere in a refused input are
 * ERR_UTF8. An object's `size` counts dropped members too. Time is linear in
 * the input, whatever the input.
 */
int json_parse(struct json_doc *doc, struct bytes in, const struct json_limits *limits);

/* The value of a member, or NULL: not an object, not there, or dropped. */
const struct json_node *json_member(const struct json_doc *doc, const struct json_node *object,
                                    const char *name);
/* First child (the first name of an object), and the node after a subtree (the value after its
 * name); what is dropped is passed over; NULL at the end. */
const struct json_node *json_first(const struct json_doc *doc, const struct json_node *container);
const struct json_node *json_next(const struct json_doc *doc, const struct json_node *container,
                                  const struct json_node *child);
/* The bytes of a JSON_STRING. */
struct bytes json_string(const struct json_node *node);
bool json_is_string(const struct json_node *node, const char *text);
/* True when any string or name below the node is JSON_BAD_STRING. */
bool json_has_bad_string(const struct json_doc *doc, const struct json_node *node);

/* Writers. Strings are quoted and escaped; what is not UTF-8 becomes U+FFFD. */
int json_write_string(struct buf *out, struct bytes text);
int json_write_real(struct buf *out, double value); /* not finite: null */
/* A subtree without what is JSON_DROPPED. canonical: names sorted by bytes. */
int json_write_node(struct buf *out, const struct json_doc *doc, const struct json_node *node,
                    bool canonical);

#endif
