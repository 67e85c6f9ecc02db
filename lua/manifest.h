/*
 * plugin.json: what a plugin is called, what it needs and what it may do. Read
 * without running any of its code.
 */
#ifndef LUA_MANIFEST_H
#define LUA_MANIFEST_H

#include "host/base/json.h"

struct schema;

#define MANIFEST_BYTES_MAX 65536
#define MANIFEST_LIST_MAX 64 /* entries of any list in it */
#define PLUGIN_NAME_MAX 32

struct text_list {
    char **items;
    size_t count;
};

/* A set bit is a granted capability without parameters of its own. */
enum grant {
    GRANT_KV = 1 << 0,
    GRANT_CRYPTO = 1 << 1,
    GRANT_TIMER = 1 << 2,
    GRANT_METRICS = 1 << 3,
    GRANT_HTTP = 1 << 4,
    GRANT_COMMAND = 1 << 5,
    GRANT_AUTH = 1 << 6,
    GRANT_LIMIT = 1 << 7,
    GRANT_DB = 1 << 8,
    GRANT_SESSION_DELIVER = 1 << 9,
    GRANT_SESSION_OPEN = 1 << 10,
    GRANT_SESSION_CLOSE = 1 << 11,
    GRANT_SESSION_WATCH = 1 << 12,
};

struct manifest_limits {
    uint32_t cpu_ms;    /* an event; 1 to 1000 */
    uint32_t wall_ms;   /* an event; 10 to 60000 */
    uint32_t memory_mb; /* a cell, soft; 1 to 256 */
    uint32_t timers;    /* armed at once on a worker; 0 to 100000 */
    uint32_t calls;     /* events in flight in a cell; 1 to 10000 */
};

struct manifest {
    char *name;
    char *version;
    char *summary;
    struct text_list requires;
    unsigned grants;              /* enum grant */
    struct text_list db_reads;    /* full names of foreign tables */
    struct text_list bus_publish; /* topics; a trailing '*' matches any rest */
    struct text_list bus_subscribe;
    struct text_list calls; /* "plugin.export" */
    struct text_list hooks; /* points */
    struct manifest_limits limits;
    struct schema *config;   /* an object schema, or NULL */
    char *config_json;       /* {"key": schema...} as JSON text, or NULL */
    char *capabilities_json; /* as written, for showing a difference */
};

/* 0 and a manifest to release, or ERR_SYNTAX, ERR_INVALID, ERR_TOO_LARGE; message then says
 * "plugin.json: /limits/cpuMs: 1 to 1000 expected" or the like. */
int manifest_new(struct manifest **out, struct bytes text, char *message, size_t message_size);
void manifest_free(struct manifest *manifest);
bool manifest_grants(const struct manifest *manifest, enum grant grant);
/* Whether a list names it, "chat.*" style patterns included. */
bool text_list_matches(const struct text_list *list, struct bytes name);

#endif
