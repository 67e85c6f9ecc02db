#include "lua/manifest.h"

#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/manifest_read.h"

#include <string.h>

#define VERSION_BYTES_MAX 64
#define SUMMARY_BYTES_MAX 500
#define API_VERSION 1

/* ---- lists ---- */

bool text_list_matches(const struct text_list *list, struct bytes name)
{
    for (size_t i = 0; i < list->count; i++) {
        struct bytes item = bytes_of(list->items[i]);
        if (item.len > 0 && item.data[item.len - 1] == '*') {
            item.len--;
            if (bytes_starts_with(name, item)) {
                return true;
            }
        } else if (bytes_equal(item, name)) {
            return true;
        }
    }
    return false;
}

static void free_list(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->items[i]);
    }
    mem_free(list->items);
}

/* ---- plain members ---- */

static int read_name(struct manifest_reader *r, const struct json_node *value)
{
    if (value->type != JSON_STRING || !manifest_is_plugin_name(json_string(value))) {
        return manifest_fail(r, "[a-z][a-z0-9]* of 2 to %d characters expected", PLUGIN_NAME_MAX);
    }
    r->manifest->name = mem_copy_text(value->text, value->size);
    return 0;
}

static int read_version(struct manifest_reader *r, const struct json_node *value)
{
    static const char allowed[] =
        "0123456789.+-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    int err = manifest_text(r, value, VERSION_BYTES_MAX, &r->manifest->version);
    if (err) {
        return err;
    }
    const char *version = r->manifest->version;
    if (version[0] < '0' || version[0] > '9' || version[strspn(version, allowed)] != '\0') {
        return manifest_fail(r, "a version like \"1.0.0\" expected");
    }
    return 0;
}

/* One number, with digits only; -1 when there is none. */
static long read_number(const char **at)
{
    long number = 0;
    if (**at < '0' || **at > '9') {
        return -1;
    }
    while (**at >= '0' && **at <= '9' && number < 1000000) {
        number = number * 10 + (*(*at)++ - '0');
    }
    return number;
}

/* "1" or a range "1-2" of API versions that the plugin works with. */
static int read_api(struct manifest_reader *r, const struct json_node *value)
{
    char *text = NULL;
    int err = manifest_text(r, value, VERSION_BYTES_MAX, &text);
    if (err) {
        return err;
    }
    const char *at = text;
    long low = read_number(&at);
    long high = low;
    if (*at == '-') {
        at++;
        high = read_number(&at);
    }
    bool is_range = low >= 0 && high >= low && *at == '\0';
    mem_free(text);
    if (!is_range) {
        return manifest_fail(r, "a version or a range like \"1\" or \"1-2\" expected");
    }
    if (low > API_VERSION || high < API_VERSION) {
        return manifest_fail(r, "this host offers API version %d", API_VERSION);
    }
    return 0;
}

static int read_summary(struct manifest_reader *r, const struct json_node *value)
{
    return manifest_text(r, value, SUMMARY_BYTES_MAX, &r->manifest->summary);
}

static int read_requires(struct manifest_reader *r, const struct json_node *value)
{
    int err =
        manifest_list(r, value, &r->manifest->requires, manifest_is_plugin_name, "a plugin's name");
    if (!err && r->manifest->name &&
        text_list_matches(&r->manifest->requires, bytes_of(r->manifest->name))) {
        return manifest_fail(r, "a plugin can't require itself");
    }
    return err;
}

/* The editor's pointer to sdk/plugin.schema.json. */
static int read_schema_place(struct manifest_reader *r, const struct json_node *value)
{
    return value->type == JSON_STRING ? 0 : manifest_fail(r, "a string expected");
}

/* ---- limits ---- */

static const struct limit {
    const char *name;
    int64_t min;
    int64_t max;
    size_t offset;
} limits[] = {
    {"cpuMs", 1, 1000, offsetof(struct manifest_limits, cpu_ms)},
    {"wallMs", 10, 60000, offsetof(struct manifest_limits, wall_ms)},
    {"memoryMb", 1, 256, offsetof(struct manifest_limits, memory_mb)},
    {"timers", 0, 100000, offsetof(struct manifest_limits, timers)},
    {"calls", 1, 10000, offsetof(struct manifest_limits, calls)},
};
#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static int read_limit(struct manifest_reader *r, const struct limit *limit,
                      const struct json_node *value)
{
    if (value->type != JSON_INTEGER || value->integer < limit->min || value->integer > limit->max) {
        return manifest_fail(r, "%d to %d expected", (int)limit->min, (int)limit->max);
    }
    uint32_t number = (uint32_t)value->integer;
    memcpy((char *)&r->manifest->limits + limit->offset, &number, sizeof(number));
    return 0;
}

static int read_limits(struct manifest_reader *r, const struct json_node *object)
{
    const char *names[LIMITS];
    for (size_t i = 0; i < LIMITS; i++) {
        names[i] = limits[i].name;
    }
    struct manifest_walk walk;
    size_t index;
    int err = manifest_walk_open(r, &walk, object);
    while (!err && manifest_walk_next(r, &walk)) {
        err = manifest_walk_known(r, &walk, names, LIMITS, &index);
        err = err ? err : read_limit(r, &limits[index], walk.value);
        manifest_walk_leave(r, &walk);
    }
    return err;
}

/* ---- the whole ---- */

static const struct {
    const char *name;
    int (*read)(struct manifest_reader *r, const struct json_node *value);
    bool is_required;
} members[] = {
    {"name", read_name, true},
    {"version", read_version, true},
    {"api", read_api, true},
    {"summary", read_summary, false},
    {"requires", read_requires, false},
    {"capabilities", manifest_capabilities, false},
    {"limits", read_limits, false},
    {"config", manifest_config, false},
    {"$schema", read_schema_place, false},
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static int check_required(struct manifest_reader *r, const struct json_node *root)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (members[i].is_required && !json_member(r->doc, root, members[i].name)) {
            return manifest_fail(r, "\"%s\" is missing", members[i].name);
        }
    }
    return 0;
}

static int read_root(struct manifest_reader *r, const struct json_node *root)
{
    const char *names[MEMBERS];
    for (size_t i = 0; i < MEMBERS; i++) {
        names[i] = members[i].name;
    }
    if (json_has_bad_string(r->doc, root)) {
        return manifest_fail(r, "a string holds \\u0000 or half a surrogate pair");
    }
    struct manifest_walk walk;
    size_t index;
    int err = manifest_walk_open(r, &walk, root);
    while (!err && manifest_walk_next(r, &walk)) {
        err = manifest_walk_known(r, &walk, names, MEMBERS, &index);
        err = err ? err : members[index].read(r, walk.value);
        manifest_walk_leave(r, &walk);
    }
    return err ? err : check_required(r, root);
}

int manifest_new(struct manifest **out, struct bytes text, char *message, size_t message_size)
{
    struct json_doc doc;
    struct manifest *manifest = mem_alloc(sizeof(*manifest));
    struct manifest_reader r = {
        .manifest = manifest, .doc = &doc, .message = message, .message_size = message_size};
    manifest->limits = (struct manifest_limits){50, 5000, 16, 10000, 256};
    json_open(&doc);
    int err = manifest_parse(&r, text);
    err = err ? err : read_root(&r, doc.nodes);
    json_close(&doc);
    if (err) {
        manifest_free(manifest);
        return err;
    }
    *out = manifest;
    return 0;
}

void manifest_free(struct manifest *manifest)
{
    if (!manifest) {
        return;
    }
    mem_free(manifest->name);
    mem_free(manifest->version);
    mem_free(manifest->summary);
    free_list(&manifest->requires);
    free_list(&manifest->db_reads);
    free_list(&manifest->bus_publish);
    free_list(&manifest->bus_subscribe);
    free_list(&manifest->calls);
    free_list(&manifest->hooks);
    schema_free(manifest->config);
    mem_free(manifest->config_json);
    mem_free(manifest->capabilities_json);
    mem_free(manifest);
}

bool manifest_grants(const struct manifest *manifest, enum grant grant)
{
    return (manifest->grants & grant) != 0;
}
