/* One value of the configuration: from a text or a JSON value, and back. */
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/config_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGINS_BYTES_MAX (1U << 20)
#define PLUGIN_KEY_MAX 128

static void *value_at(struct config *config, const struct config_key *key)
{
    return (char *)config + key->offset;
}

static const void *const_value_at(const struct config *config, const struct config_key *key)
{
    return (const char *)config + key->offset;
}

/* ---- kinds ---- */

static bool set_number(struct config *config, const struct config_key *key, double number)
{
    if (!isfinite(number) || number < key->min || number > key->max) {
        return false;
    }
    if (key->kind == CONFIG_REAL) {
        memcpy(value_at(config, key), &number, sizeof(number));
        return true;
    }
    if (number != floor(number)) {
        return false;
    }
    int64_t integer = (int64_t)number; /* ranges are far within what a double counts exactly */
    unsigned workers = (unsigned)number;
    if (key->kind == CONFIG_WORKERS) {
        memcpy(value_at(config, key), &workers, sizeof(workers));
    } else {
        memcpy(value_at(config, key), &integer, sizeof(integer));
    }
    return true;
}

static bool set_number_text(struct config *config, const struct config_key *key, const char *text)
{
    char *end;
    size_t plain = strspn(text, "0123456789.-");
    if (text[0] == '\0' || text[plain] != '\0') {
        return false; /* no blanks, no hexadecimal, no "inf" */
    }
    double number = strtod(text, &end);
    return *end == '\0' && set_number(config, key, number);
}

static bool set_flag(struct config *config, const struct config_key *key, const char *text)
{
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            bool value = i % 2 == 1;
            memcpy(value_at(config, key), &value, sizeof(value));
            return true;
        }
    }
    return false;
}

static bool copy_text(char *to, size_t size, const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            return false;
        }
    }
    return strlen(text) < size && snprintf(to, size, "%s", text) >= 0;
}

static bool set_choice(struct config *config, const struct config_key *key, const char *text)
{
    for (int i = 0; i < 4 && key->choices[i]; i++) {
        if (strcmp(text, key->choices[i]) == 0) {
            memcpy(value_at(config, key), &i, sizeof(i));
            return true;
        }
    }
    return false;
}

static bool is_address(const char *text)
{
    unsigned char binary[16];
    return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080". */
static bool set_address(struct config *config, const char *text)
{
    char address[sizeof(config->listen_address)];
    const char *colon = strrchr(text, ':');
    if (!colon || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        return false;
    }
    const char *start = text;
    const char *end = colon;
    if (start[0] == '[' && end > start && end[-1] == ']') {
        start++;
        end--;
    } else if (memchr(start, ':', (size_t)(end - start))) {
        return false; /* an IPv6 address without brackets says no port for sure */
    }
    if ((size_t)(end - start) >= sizeof(address)) {
        return false;
    }
    snprintf(address, sizeof(address), "%.*s", (int)(end - start), start);
    if (strcmp(address, "localhost") == 0) {
        snprintf(address, sizeof(address), "127.0.0.1");
    }
    unsigned long port = strtoul(colon + 1, NULL, 10);
    if (port > UINT16_MAX || !is_address(address)) {
        return false;
    }
    snprintf(config->listen_address, sizeof(config->listen_address), "%s", address);
    config->listen_port = (uint16_t)port;
    return true;
}

/* ---- folders ---- */

bool config_add_folder(struct config *config, const char *folder)
{
    if (folder[0] == '\0' || config->plugin_folders_count == CONFIG_PLUGIN_FOLDERS_MAX ||
        !copy_text(config->plugin_folders[config->plugin_folders_count], CONFIG_TEXT_MAX, folder)) {
        return false;
    }
    config->plugin_folders_count++;
    return true;
}

/* "a:b", as in PATH; in the place of those before. */
static bool set_folders(struct config *config, const char *text)
{
    config->plugin_folders_count = 0;
    while (*text) {
        char folder[CONFIG_TEXT_MAX];
        size_t len = strcspn(text, ":");
        if (len >= sizeof(folder)) {
            return false;
        }
        snprintf(folder, sizeof(folder), "%.*s", (int)len, text);
        if (!config_add_folder(config, folder)) {
            return false;
        }
        text += len + (text[len] == ':');
    }
    return true;
}

/* The node's text with a NUL, or false when it is none or too long. */
static bool node_text(const struct json_node *node, char out[CONFIG_TEXT_MAX])
{
    if (node->type != JSON_STRING || node->size >= CONFIG_TEXT_MAX ||
        (node->flags & JSON_BAD_STRING)) {
        return false;
    }
    snprintf(out, CONFIG_TEXT_MAX, "%.*s", (int)node->size, node->text);
    return true;
}

static bool set_folder_nodes(struct config *config, const struct json_doc *doc,
                             const struct json_node *list)
{
    char folder[CONFIG_TEXT_MAX];
    config->plugin_folders_count = 0;
    if (list->type == JSON_STRING) {
        return node_text(list, folder) && config_add_folder(config, folder);
    }
    if (list->type != JSON_ARRAY) {
        return list->type == JSON_OBJECT && list->size == 0; /* an empty table of Lua */
    }
    for (const struct json_node *item = json_first(doc, list); item;
         item = json_next(doc, list, item)) {
        if (!node_text(item, folder) || !config_add_folder(config, folder)) {
            return false;
        }
    }
    return true;
}

/* ---- plugins ---- */

static bool set_plugin_nodes(struct config *config, const struct json_doc *doc,
                             const struct json_node *object)
{
    struct buf out;
    if (object->type != JSON_OBJECT) {
        return false;
    }
    for (const struct json_node *name = json_first(doc, object); name;
         name = json_next(doc, object, name + 1)) {
        if (name[1].type != JSON_OBJECT) {
            return false;
        }
    }
    buf_open(&out, PLUGINS_BYTES_MAX);
    bool is_good = json_write_node(&out, doc, object, false) == 0;
    if (is_good) {
        mem_free(config->plugins_json);
        config->plugins_json = mem_copy_text(out.data, out.len);
    }
    buf_close(&out);
    return is_good;
}

static bool set_plugin_text(struct config *config, const char *text)
{
    struct json_doc doc;
    json_open(&doc);
    bool is_good =
        json_parse(&doc, bytes_of(text), NULL) == 0 && set_plugin_nodes(config, &doc, doc.nodes);
    json_close(&doc);
    return is_good;
}

static void write_name(struct buf *out, struct bytes name)
{
    if (out->data[out->len - 1] != '{') {
        buf_append_char(out, ',');
    }
    json_write_string(out, name);
    buf_append_char(out, ':');
}

/* As JSON when it is, else as a string. */
static void write_given(struct buf *out, const char *text)
{
    struct json_doc doc;
    json_open(&doc);
    if (json_parse(&doc, bytes_of(text), NULL) == 0) {
        json_write_node(out, &doc, doc.nodes, false);
    } else {
        json_write_string(out, bytes_of(text));
    }
    json_close(&doc);
}

/* The members of an object but one. */
static void write_others(struct buf *out, const struct json_doc *doc,
                         const struct json_node *object, struct bytes but)
{
    for (const struct json_node *name = json_first(doc, object); name;
         name = json_next(doc, object, name + 1)) {
        if (!bytes_equal(json_string(name), but)) {
            write_name(out, json_string(name));
            json_write_node(out, doc, name + 1, false);
        }
    }
}

bool config_set_plugin(struct config *config, const char *path, const char *text)
{
    char plugin[PLUGIN_KEY_MAX];
    size_t len = strcspn(path, ".");
    if (len == 0 || len >= sizeof(plugin) || path[len] == '\0' || path[len + 1] == '\0') {
        return false;
    }
    snprintf(plugin, sizeof(plugin), "%.*s", (int)len, path);
    struct json_doc doc;
    struct buf out;
    json_open(&doc);
    buf_open(&out, PLUGINS_BYTES_MAX);
    bool is_good = json_parse(&doc, bytes_of(config->plugins_json), NULL) == 0;
    if (is_good) {
        const struct json_node *own = json_member(&doc, doc.nodes, plugin);
        buf_append_char(&out, '{');
        write_others(&out, &doc, doc.nodes, bytes_of(plugin));
        write_name(&out, bytes_of(plugin));
        buf_append_char(&out, '{');
        if (own) {
            write_others(&out, &doc, own, bytes_of(path + len + 1));
        }
        write_name(&out, bytes_of(path + len + 1));
        write_given(&out, text);
        buf_append_text(&out, "}}");
        is_good = out.err == 0;
    }
    if (is_good) {
        mem_free(config->plugins_json);
        config->plugins_json = mem_copy_text(out.data, out.len);
    }
    buf_close(&out);
    json_close(&doc);
    return is_good;
}

/* ---- any ---- */

bool config_set_text(struct config *config, const struct config_key *key, const char *text)
{
    switch (key->kind) {
    case CONFIG_INTEGER:
    case CONFIG_WORKERS:
    case CONFIG_REAL:
        return set_number_text(config, key, text);
    case CONFIG_FLAG:
        return set_flag(config, key, text);
    case CONFIG_STRING:
        return strlen(text) >= (size_t)key->min &&
               copy_text(value_at(config, key), CONFIG_TEXT_MAX, text);
    case CONFIG_CHOICE:
        return set_choice(config, key, text);
    case CONFIG_ADDRESS:
        return set_address(config, text);
    case CONFIG_FOLDERS:
        return set_folders(config, text);
    case CONFIG_PLUGINS:
        return set_plugin_text(config, text);
    }
    return false;
}

bool config_set_node(struct config *config, const struct config_key *key,
                     const struct json_doc *doc, const struct json_node *node)
{
    char text[CONFIG_TEXT_MAX];
    switch (key->kind) {
    case CONFIG_INTEGER:
    case CONFIG_WORKERS:
    case CONFIG_REAL:
        return (node->type == JSON_INTEGER && set_number(config, key, (double)node->integer)) ||
               (node->type == JSON_REAL && set_number(config, key, node->real));
    case CONFIG_FLAG:
        if (node->type == JSON_TRUE || node->type == JSON_FALSE) {
            return set_flag(config, key, node->type == JSON_TRUE ? "on" : "off");
        }
        break;
    case CONFIG_FOLDERS:
        return set_folder_nodes(config, doc, node);
    case CONFIG_PLUGINS:
        return set_plugin_nodes(config, doc, node);
    default:
        break;
    }
    return node_text(node, text) && config_set_text(config, key, text);
}

/* ---- back ---- */

void config_expected(const struct config_key *key, char *out, size_t size)
{
    static const char *const words[] = {
        [CONFIG_FLAG] = "on or off",
        [CONFIG_ADDRESS] = "an address and a port like 127.0.0.1:8080 or [::1]:8080",
        [CONFIG_FOLDERS] = "at most 16 folders",
        [CONFIG_PLUGINS] = "a table of each plugin's own, like { chat = { pinsMax = 50 } }",
    };
    const char *blank = key->unit[0] ? " " : "";
    switch (key->kind) {
    case CONFIG_INTEGER:
    case CONFIG_WORKERS:
        snprintf(out, size, "%.0f to %.0f%s%s", key->min, key->max, blank, key->unit);
        break;
    case CONFIG_REAL:
        snprintf(out, size, "%g to %.0f%s%s", key->min, key->max, blank, key->unit);
        break;
    case CONFIG_STRING:
        snprintf(out, size, "a text of %.0f to %d bytes", key->min, CONFIG_TEXT_MAX - 1);
        break;
    case CONFIG_CHOICE:
        snprintf(out, size, "%s, %s%s%s%s%s", key->choices[0], key->choices[1],
                 key->choices[2] ? ", " : "", key->choices[2] ? key->choices[2] : "",
                 key->choices[3] ? ", " : "", key->choices[3] ? key->choices[3] : "");
        break;
    default:
        snprintf(out, size, "%s", words[key->kind]);
    }
}

static double number_of(const struct config *config, const struct config_key *key)
{
    const void *value = const_value_at(config, key);
    double real;
    int64_t integer;
    unsigned workers;
    switch (key->kind) {
    case CONFIG_REAL:
        memcpy(&real, value, sizeof(real));
        return real;
    case CONFIG_WORKERS:
        memcpy(&workers, value, sizeof(workers));
        return workers;
    default:
        memcpy(&integer, value, sizeof(integer));
        return (double)integer;
    }
}

void config_write_text(const struct config *config, const struct config_key *key, struct buf *out)
{
    const void *value = const_value_at(config, key);
    bool flag;
    int choice;
    bool is_v6 = strchr(config->listen_address, ':') != NULL;
    switch (key->kind) {
    case CONFIG_INTEGER:
    case CONFIG_WORKERS:
    case CONFIG_REAL:
        json_write_real(out, number_of(config, key));
        break;
    case CONFIG_FLAG:
        memcpy(&flag, value, sizeof(flag));
        buf_append_text(out, flag ? "on" : "off");
        break;
    case CONFIG_STRING:
        buf_append_text(out, value);
        break;
    case CONFIG_CHOICE:
        memcpy(&choice, value, sizeof(choice));
        buf_append_text(out, key->choices[choice]);
        break;
    case CONFIG_ADDRESS:
        buf_append_format(out, "%s%s%s:%u", is_v6 ? "[" : "", config->listen_address,
                          is_v6 ? "]" : "", (unsigned)config->listen_port);
        break;
    case CONFIG_FOLDERS:
        for (size_t i = 0; i < config->plugin_folders_count; i++) {
            buf_append_format(out, "%s%s", i ? ":" : "", config->plugin_folders[i]);
        }
        break;
    case CONFIG_PLUGINS:
        buf_append_text(out, config->plugins_json);
        break;
    }
}

static void write_quoted(const struct config *config, const struct config_key *key, struct buf *out)
{
    struct buf text;
    buf_open(&text, CONFIG_TEXT_MAX * 2);
    config_write_text(config, key, &text);
    json_write_string(out, buf_bytes(&text));
    buf_close(&text);
}

void config_write_json(const struct config *config, const struct config_key *key, struct buf *out)
{
    bool flag;
    switch (key->kind) {
    case CONFIG_STRING:
    case CONFIG_CHOICE:
    case CONFIG_ADDRESS:
        write_quoted(config, key, out);
        break;
    case CONFIG_FLAG:
        memcpy(&flag, const_value_at(config, key), sizeof(flag));
        buf_append_text(out, flag ? "true" : "false");
        break;
    case CONFIG_FOLDERS:
        buf_append_char(out, '[');
        for (size_t i = 0; i < config->plugin_folders_count; i++) {
            buf_append_text(out, i ? "," : "");
            json_write_string(out, bytes_of(config->plugin_folders[i]));
        }
        buf_append_char(out, ']');
        break;
    default:
        config_write_text(config, key, out);
    }
}
