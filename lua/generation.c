#include "lua/generation.h"

#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_BYTES_MAX 65536

/* ---- configuration ---- */

static void write_member(struct buf *out, const struct json_node *name, const struct json_doc *doc,
                         const struct json_node *value)
{
    if (out->len > 1) {
        buf_append_char(out, ',');
    }
    json_write_string(out, json_string(name));
    buf_append_char(out, ':');
    json_write_node(out, doc, value, false);
}

/* The operator's members over the schema's defaults. */
static void merge_config(struct buf *out, const struct json_doc *schema,
                         const struct json_doc *given)
{
    buf_append_char(out, '{');
    const struct json_node *root = schema->nodes;
    for (const struct json_node *name = json_first(schema, root); name;) {
        const struct json_node *property = json_next(schema, root, name);
        const struct json_node *otherwise = json_member(schema, property, "default");
        char key[128];
        snprintf(key, sizeof(key), "%.*s", (int)name->size, name->text);
        if (otherwise && !json_member(given, given->nodes, key)) {
            write_member(out, name, schema, otherwise);
        }
        name = json_next(schema, root, property);
    }
    const struct json_node *top = given->nodes;
    for (const struct json_node *name = json_first(given, top); name;) {
        const struct json_node *value = json_next(given, top, name);
        write_member(out, name, given, value);
        name = json_next(given, top, value);
    }
    buf_append_char(out, '}');
}

static int check_known(const struct json_doc *schema, const struct json_doc *given, char *message,
                       size_t message_size)
{
    const struct json_node *top = given->nodes;
    for (const struct json_node *name = json_first(given, top); name;) {
        char key[128];
        snprintf(key, sizeof(key), "%.*s", (int)name->size, name->text);
        if (!json_member(schema, schema->nodes, key)) {
            snprintf(message, message_size, "the configuration has no key \"%s\"", key);
            return ERR_INVALID;
        }
        name = json_next(given, top, json_next(given, top, name));
    }
    return 0;
}

static int validate(const struct manifest *manifest, struct buf *merged, char *message,
                    size_t message_size)
{
    struct json_doc doc;
    struct schema_error error = {"", ""};
    json_open(&doc);
    int err = json_parse(&doc, buf_bytes(merged), NULL);
    if (!err) {
        err = schema_check(manifest->config, &doc, doc.nodes, &error);
    }
    if (err) {
        snprintf(message, message_size, "configuration %s: %s", error.path, error.message);
    }
    json_close(&doc);
    return err ? ERR_INVALID : 0;
}

static int make_config(struct generation *generation, char *message, size_t message_size)
{
    const struct manifest *manifest = generation->bundle->manifest;
    const struct runtime_options *options = &generation->runtime->options;
    const char *text =
        options->plugin_config ? options->plugin_config(options->ctx, manifest->name) : NULL;
    const char *schema_text = manifest->config_json ? manifest->config_json : "{}";
    struct json_doc schema;
    struct json_doc given;
    struct buf merged;
    json_open(&schema);
    json_open(&given);
    buf_open(&merged, CONFIG_BYTES_MAX);
    int err = json_parse(&schema, bytes_of(schema_text), NULL);
    if (!err) {
        err = json_parse(&given, text ? bytes_of(text) : BYTES("{}"), NULL);
    }
    if (!err) {
        err = check_known(&schema, &given, message, message_size);
    }
    if (!err) {
        merge_config(&merged, &schema, &given);
        err = manifest->config ? validate(manifest, &merged, message, message_size) : merged.err;
    }
    if (!err) {
        generation->config_json = mem_copy_text(merged.data, merged.len);
    }
    buf_close(&merged);
    json_close(&given);
    json_close(&schema);
    return err;
}

/* ---- life ---- */

static void generation_free(struct generation *generation)
{
    wiring_free(generation->wiring);
    if (generation->owner) {
        db_owner_release(generation->owner);
    }
    bundle_release(generation->bundle);
    mem_free(generation->config_json);
    mem_free(generation);
}

int generation_new(struct generation **out, struct runtime *runtime, struct bundle *bundle,
                   char *message, size_t message_size)
{
    struct generation *generation = mem_alloc(sizeof(*generation));
    generation->runtime = runtime;
    generation->bundle = bundle;
    generation->number = ++runtime->generations_made;
    generation->loaded_at_ms = clock_wall_ms();
    int err = make_config(generation, message, message_size);
    if (err) {
        generation_free(generation);
        return err;
    }
    const struct text_list *reads = &bundle->manifest->db_reads;
    generation->owner = db_owner_new(runtime->options.db, bundle->manifest->name,
                                     (const char *const *)reads->items, reads->count);
    *out = generation;
    return 0;
}

int generation_migrate(struct generation *generation, char *message, size_t message_size)
{
    const struct bundle *bundle = generation->bundle;
    struct db_migration *list =
        mem_alloc_array(bundle->migrations_count ? bundle->migrations_count : 1, sizeof(*list));
    for (size_t i = 0; i < bundle->migrations_count; i++) {
        const struct bundle_migration *m = &bundle->migrations[i];
        list[i] = (struct db_migration){m->name, {m->sql, m->sql_bytes}};
    }
    int err = db_migrate(generation->runtime->options.db, generation->owner, list,
                         bundle->migrations_count, message, message_size);
    mem_free(list);
    return err;
}

int generation_settle(struct generation *generation, char *message, size_t message_size)
{
    struct plugin_cell *first = generation->cells[0];
    for (unsigned w = 1; w < generation->runtime->options.workers; w++) {
        if (wiring_differs(first->wiring, generation->cells[w]->wiring, message, message_size)) {
            return ERR_INVALID;
        }
    }
    generation->wiring = first->wiring;
    first->wiring = NULL;
    return 0;
}

const char *generation_source(const struct generation *generation)
{
    return generation->bundle->folder ? generation->bundle->folder : "built in";
}

/* ---- the end: each cell is closed on its worker, the last one tells ---- */

struct retirement {
    struct letter letter;
    struct generation *generation;
    unsigned worker;
};

static void retired_deliver(struct letter *letter)
{
    struct retirement *r = LIST_ITEM(letter, struct retirement, letter);
    struct generation *generation = r->generation;
    generation->cells[r->worker] = NULL;
    mem_free(r);
    for (unsigned w = 0; w < generation->runtime->options.workers; w++) {
        if (generation->cells[w]) {
            return;
        }
    }
    generation_free(generation);
}

static void retire_deliver(struct letter *letter)
{
    struct retirement *r = LIST_ITEM(letter, struct retirement, letter);
    plugin_cell_retire(r->generation->cells[r->worker]);
    r->letter.deliver = retired_deliver;
    loop_post_answer(r->generation->runtime->loop, &r->letter);
}

static void generation_end_now(struct generation *generation)
{
    for (unsigned w = 0; w < generation->runtime->options.workers; w++) {
        if (generation->cells[w]) {
            plugin_cell_retire(generation->cells[w]);
        }
    }
    generation_free(generation);
}

void generation_release(struct generation *generation)
{
    struct runtime *runtime = generation->runtime;
    unsigned cells = 0;
    if (generation->snapshots) {
        return;
    }
    for (unsigned w = 0; w < runtime->options.workers; w++) {
        cells += generation->cells[w] != NULL;
    }
    if (runtime->is_ending || !cells) {
        generation_end_now(generation);
        return;
    }
    bool has_cell[HUB_WORKERS_MAX];
    for (unsigned w = 0; w < runtime->options.workers; w++) {
        has_cell[w] = generation->cells[w] != NULL; /* the first answer may end it */
    }
    for (unsigned w = 0; w < runtime->options.workers; w++) {
        if (has_cell[w]) {
            struct retirement *r = mem_alloc(sizeof(*r));
            r->letter.deliver = retire_deliver;
            r->generation = generation;
            r->worker = w;
            loop_post_answer(runtime->workers[w]->loop, &r->letter);
        }
    }
}
