/*
 * Where values come from, each over the one before:
 *
 *     defaults -> file -> CHATTERMESH_* variables -> flags -> checks between keys
 */
#include "host/config.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/config_private.h"
#include "lua/datafile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_BYTES_MAX 64
#define FILE_VARIABLE "CHATTERMESH_CONFIG"

extern char **environ;

struct loading {
    struct config *config;
    struct config_sources *sources;
    char *message;
    size_t message_size;
};

/* ---- failures ---- */

__attribute__((format(printf, 3, 4))) static int fail(struct loading *l, const char *place,
                                                      const char *format, ...)
{
    va_list args;
    int len = snprintf(l->message, l->message_size, "%s: ", place);
    size_t start = (size_t)len < l->message_size ? (size_t)len : l->message_size;
    va_start(args, format);
    vsnprintf(l->message + start, l->message_size - start, format, args);
    va_end(args);
    return ERR_INVALID;
}

static int fail_unknown(struct loading *l, const char *place, const char *name)
{
    const char *near = config_nearest(bytes_of(name));
    return near ? fail(l, place, "unknown key \"%s\"; do you mean \"%s\"?", name, near)
                : fail(l, place, "unknown key \"%s\"; check-config lists all", name);
}

static int fail_value(struct loading *l, const char *place, const struct config_key *key)
{
    char expected[CONFIG_EXPECTED_MAX];
    config_expected(key, expected, sizeof(expected));
    return fail(l, place, "%s: %s expected", key->name, expected);
}

static void note(struct loading *l, const struct config_key *key, const char *place)
{
    size_t index = (size_t)(key - config_keys);
    mem_free(l->sources->places[index]);
    l->sources->places[index] = mem_copy_text(place, strlen(place));
}

static int take_text(struct loading *l, const struct config_key *key, const char *place,
                     const char *text)
{
    if (!config_set_text(l->config, key, text)) {
        return fail_value(l, place, key);
    }
    note(l, key, place);
    return 0;
}

/* ---- names ---- */

/* "db.readers", "log-level" and "limits.calls_per_s" are other writings of a key. */
static const struct config_key *find_key(const char *name)
{
    char plain[NAME_BYTES_MAX];
    const char *group = "limits.";
    if (strlen(name) >= sizeof(plain)) {
        return NULL;
    }
    snprintf(plain, sizeof(plain), "%s",
             strncmp(name, group, strlen(group)) == 0 ? name + strlen(group) : name);
    for (char *c = plain; *c; c++) {
        *c = *c == '.' || *c == '-' ? '_' : *c;
    }
    size_t index = config_find(bytes_of(plain));
    return index < CONFIG_KEYS ? &config_keys[index] : NULL;
}

static const char *without_group(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot && strncmp(name, "limits.", 7) == 0 ? dot + 1 : name;
}

/* ---- defaults ---- */

static void take_defaults(struct loading *l)
{
    l->config->plugins_json = mem_copy_text("{}", 2);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        CHECK(config_set_text(l->config, &config_keys[i], config_keys[i].otherwise));
        note(l, &config_keys[i], "default");
    }
}

/* ---- file ---- */

struct file_value {
    const struct datafile *file;
    const struct json_doc *doc;
    struct bytes key;
    const char *member; /* in the table of the key, or NULL */
    const struct json_node *value;
};

static int take_file_value(struct loading *l, const struct file_value *v, const char *name)
{
    char place[CONFIG_PLACE_MAX];
    const struct config_key *key = find_key(name);
    snprintf(place, sizeof(place), "%s:%u", v->file->name,
             datafile_line(v->file, v->key, v->member));
    if (!key) {
        return fail_unknown(l, place, without_group(name));
    }
    if (!config_set_node(l->config, key, v->doc, v->value)) {
        return fail_value(l, place, key);
    }
    note(l, key, place);
    return 0;
}

/* db = { readers = 2 } is db_readers = 2. */
static int take_file_group(struct loading *l, const struct file_value *group, const char *name)
{
    int err = 0;
    for (const struct json_node *at = json_first(group->doc, group->value); at && !err;
         at = json_next(group->doc, group->value, at + 1)) {
        char member[NAME_BYTES_MAX];
        char full[NAME_BYTES_MAX * 2 + 2];
        snprintf(member, sizeof(member), "%.*s", (int)at->size, at->text);
        snprintf(full, sizeof(full), "%s.%s", name, member);
        struct file_value value = *group;
        value.member = member;
        value.value = at + 1;
        err = take_file_value(l, &value, full);
    }
    return err;
}

static int take_file_key(struct loading *l, const struct datafile *file, const struct json_doc *doc,
                         const struct json_node *at)
{
    char name[NAME_BYTES_MAX];
    snprintf(name, sizeof(name), "%.*s", (int)at->size, at->text);
    struct file_value value = {file, doc, json_string(at), NULL, at + 1};
    const struct config_key *key = find_key(name);
    bool has_table = key && (key->kind == CONFIG_PLUGINS || key->kind == CONFIG_FOLDERS);
    if (at[1].type == JSON_OBJECT && at[1].size > 0 && !has_table) {
        return take_file_group(l, &value, name);
    }
    return take_file_value(l, &value, name);
}

static int take_file(struct loading *l, const char *path)
{
    struct datafile *file = mem_alloc(sizeof(*file));
    struct json_doc doc;
    json_open(&doc);
    int err = datafile_open(file, path, l->message, l->message_size);
    if (!err) {
        err = json_parse(&doc, bytes_of(file->json), NULL);
        if (err) {
            err = fail(l, path, "%s", err_text(err));
        }
        const struct json_node *root = doc.nodes;
        for (const struct json_node *at = err ? NULL : json_first(&doc, root); at && !err;
             at = json_next(&doc, root, at + 1)) {
            err = take_file_key(l, file, &doc, at);
        }
    }
    json_close(&doc);
    datafile_close(file);
    mem_free(file);
    return err;
}

/* ---- variables ---- */

/* What else begins like ours, for tests and clients. */
static bool is_for_others(const char *variable)
{
    static const char *const others[] = {FILE_VARIABLE, "CHATTERMESH_BIN"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(variable, others[i]) == 0) {
            return true;
        }
    }
    return false;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int take_variable(struct loading *l, const char *entry)
{
    char variable[NAME_BYTES_MAX * 2];
    char name[NAME_BYTES_MAX * 2];
    const char *equals = strchr(entry, '=');
    if (!equals) {
        return 0;
    }
    snprintf(variable, sizeof(variable), "%.*s", (int)(equals - entry), entry); /* cut: unknown */
    if (is_for_others(variable)) {
        return 0;
    }
    snprintf(name, sizeof(name), "%s", variable + strlen(CONFIG_VARIABLE_PREFIX));
    for (char *c = name; *c; c++) {
        *c = lower(*c);
    }
    size_t index = config_find(bytes_of(name));
    if (index == CONFIG_KEYS) {
        return fail_unknown(l, variable, name);
    }
    return take_text(l, &config_keys[index], variable, equals + 1);
}

static int take_variables(struct loading *l)
{
    int err = 0;
    for (char **entry = environ; *entry && !err; entry++) {
        if (strncmp(*entry, CONFIG_VARIABLE_PREFIX, strlen(CONFIG_VARIABLE_PREFIX)) == 0) {
            err = take_variable(l, *entry);
        }
    }
    return err;
}

/* ---- flags ---- */

/* Keys that have a flag of their own. */
static bool has_own_flag(const char *key)
{
    static const char *const own[] = {"listen", "data", "plugins", "workers", "dev", "limits"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(key, own[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int take_plugin_flag(struct loading *l, const struct config_flag *flag, const char *place)
{
    const struct config_key *key = find_key("plugins");
    if (!config_set_plugin(l->config, flag->key + strlen("plugins."), flag->value)) {
        return fail(l, place, "plugins.NAME.KEY=VALUE expected");
    }
    note(l, key, place);
    return 0;
}

static int take_folder_flag(struct loading *l, const struct config_flag *flag, const char *place)
{
    const struct config_key *key = find_key("plugin_folders");
    if (!config_add_folder(l->config, flag->value)) {
        return fail_value(l, place, key);
    }
    note(l, key, place);
    return 0;
}

static int take_flag(struct loading *l, const struct config_flag *flag)
{
    char place[CONFIG_PLACE_MAX];
    snprintf(place, sizeof(place), "%s%s", has_own_flag(flag->key) ? "--" : "--set ", flag->key);
    if (strncmp(flag->key, "plugins.", strlen("plugins.")) == 0) {
        return take_plugin_flag(l, flag, place);
    }
    if (strcmp(flag->key, "plugins") == 0) {
        return take_folder_flag(l, flag, place);
    }
    const struct config_key *key = find_key(flag->key);
    if (!key) {
        return fail_unknown(l, place, without_group(flag->key));
    }
    return take_text(l, key, place, flag->value);
}

/* ---- what keys owe each other ---- */

static const char *place_of(const struct loading *l, const char *name)
{
    return l->sources->places[config_find(bytes_of(name))];
}

static int check_together(struct loading *l)
{
    const struct config *c = l->config;
    if ((c->tls_cert[0] == '\0') != (c->tls_key[0] == '\0')) {
        const char *given = c->tls_cert[0] ? "tls_cert" : "tls_key";
        return fail(l, place_of(l, given), "tls_cert and tls_key go together");
    }
    if (c->silence_s_max <= c->ping_idle_s) {
        return fail(l, place_of(l, "silence_s_max"),
                    "silence_s_max: more than ping_idle_s (%lld s) expected",
                    (long long)c->ping_idle_s);
    }
    if (c->text_bytes_max > c->frame_bytes_max) {
        return fail(l, place_of(l, "text_bytes_max"),
                    "text_bytes_max: at most frame_bytes_max (%lld bytes) expected",
                    (long long)c->frame_bytes_max);
    }
    return 0;
}

static void count_cores(struct config *config)
{
    if (config->workers == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        double max = config_keys[config_find(BYTES("workers"))].max;
        config->workers = cores < 1 ? 1 : (unsigned)((double)cores > max ? max : (double)cores);
    }
}

/* ---- the whole ---- */

static int take_all(struct loading *l, const char *file, const struct config_flag *flags,
                    size_t flags_count)
{
    const char *path = file ? file : getenv(FILE_VARIABLE);
    take_defaults(l);
    int err = path && path[0] ? take_file(l, path) : 0;
    err = err ? err : take_variables(l);
    for (size_t i = 0; i < flags_count && !err; i++) {
        err = take_flag(l, &flags[i]);
    }
    err = err ? err : check_together(l);
    count_cores(l->config);
    return err;
}

int config_open(struct config *out, const char *file, const struct config_flag *flags,
                size_t flags_count, char *message, size_t message_size)
{
    struct config_sources *sources = mem_alloc(sizeof(*sources));
    struct loading l = {out, sources, message, message_size};
    memset(out, 0, sizeof(*out));
    out->sources = sources;
    int err = take_all(&l, file, flags, flags_count);
    if (err) {
        config_close(out);
    }
    return err;
}

void config_close(struct config *config)
{
    struct config_sources *sources = config->sources;
    for (size_t i = 0; sources && i < CONFIG_KEYS; i++) {
        mem_free(sources->places[i]);
    }
    mem_free(sources);
    mem_free(config->plugins_json);
    config->sources = NULL;
    config->plugins_json = NULL;
}

const char *config_plugin(const struct config *config, const char *plugin, struct buf *scratch)
{
    struct json_doc doc;
    const struct json_node *own = NULL;
    buf_clear(scratch);
    json_open(&doc);
    if (json_parse(&doc, bytes_of(config->plugins_json), NULL) == 0) {
        own = json_member(&doc, doc.nodes, plugin);
    }
    if (own) {
        json_write_node(scratch, &doc, own, false);
        buf_append_char(scratch, '\0');
    }
    json_close(&doc);
    return own && !scratch->err ? scratch->data : NULL;
}
