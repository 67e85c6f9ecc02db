/* The configuration for people and machines to read, and what a new one changes. */
#include "host/config_private.h"

#include <string.h>

static const char *place_of(const struct config *config, size_t index)
{
    const struct config_sources *sources = config->sources;
    return sources->places[index];
}

static void explain_one(const struct config *config, size_t index, struct buf *out)
{
    const struct config_key *key = &config_keys[index];
    char expected[CONFIG_EXPECTED_MAX];
    config_expected(key, expected, sizeof(expected));
    buf_append_format(out, "%s = ", key->name);
    size_t start = out->len;
    config_write_text(config, key, out);
    if (out->len == start) {
        buf_append_text(out, "none");
    }
    if (key->unit[0]) {
        buf_append_format(out, " %s", key->unit);
    }
    buf_append_format(out, "  (%s)\n    %s\n    default %s; %s%s\n", place_of(config, index),
                      key->meaning, key->otherwise[0] ? key->otherwise : "none", expected,
                      key->is_live ? "; may change while it runs" : "");
}

void config_explain(const struct config *config, struct buf *out)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        explain_one(config, i, out);
    }
}

static void write_range(const struct config_key *key, struct buf *out)
{
    bool has_numbers =
        key->kind == CONFIG_INTEGER || key->kind == CONFIG_WORKERS || key->kind == CONFIG_REAL;
    if (has_numbers) {
        buf_append_text(out, ",\"min\":");
        json_write_real(out, key->min);
        buf_append_text(out, ",\"max\":");
        json_write_real(out, key->max);
    }
    if (key->kind == CONFIG_CHOICE) {
        buf_append_text(out, ",\"choices\":[");
        for (size_t i = 0; i < 4 && key->choices[i]; i++) {
            buf_append_format(out, "%s\"%s\"", i ? "," : "", key->choices[i]);
        }
        buf_append_char(out, ']');
    }
}

static void write_member(struct buf *out, const char *name, const char *text)
{
    buf_append_format(out, ",\"%s\":", name);
    json_write_string(out, bytes_of(text));
}

void config_explain_json(const struct config *config, struct buf *out)
{
    char expected[CONFIG_EXPECTED_MAX];
    buf_append_char(out, '[');
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = &config_keys[i];
        config_expected(key, expected, sizeof(expected));
        buf_append_format(out, "%s{\"key\":\"%s\",\"value\":", i ? "," : "", key->name);
        config_write_json(config, key, out);
        write_member(out, "from", place_of(config, i));
        write_member(out, "default", key->otherwise);
        write_member(out, "unit", key->unit);
        write_member(out, "expected", expected);
        write_range(key, out);
        write_member(out, "summary", key->meaning);
        buf_append_format(out, ",\"live\":%s}", key->is_live ? "true" : "false");
    }
    buf_append_char(out, ']');
}

static bool differs(const struct config *now, const struct config *then,
                    const struct config_key *key, struct buf *a, struct buf *b)
{
    buf_clear(a);
    buf_clear(b);
    config_write_text(now, key, a);
    config_write_text(then, key, b);
    return !bytes_equal(buf_bytes(a), buf_bytes(b));
}

void config_restart_needed(const struct config *now, const struct config *then, struct buf *out)
{
    struct buf a;
    struct buf b;
    bool is_first = true;
    buf_open(&a, strlen(now->plugins_json) + CONFIG_PLACE_MAX * CONFIG_PLUGIN_FOLDERS_MAX);
    buf_open(&b, strlen(then->plugins_json) + CONFIG_PLACE_MAX * CONFIG_PLUGIN_FOLDERS_MAX);
    buf_append_char(out, '[');
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        if (!config_keys[i].is_live && differs(now, then, &config_keys[i], &a, &b)) {
            buf_append_format(out, "%s\"%s\"", is_first ? "" : ",", config_keys[i].name);
            is_first = false;
        }
    }
    buf_append_char(out, ']');
    buf_close(&a);
    buf_close(&b);
}
