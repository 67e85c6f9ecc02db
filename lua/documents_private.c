#include "lua/documents_private.h"

#include <string.h>

#define VARIANTS_MAX 64 /* of one member; more are said to be anything */
#define SCHEMA_BYTES_MAX 65536

/* ---- pages ---- */

void page_open(struct page *page, const struct generation *generation, const struct entry *entry)
{
    page->generation = generation;
    page->entry = entry;
    page->root = NULL;
    json_open(&page->doc);
    if (entry->doc && json_parse(&page->doc, bytes_of(entry->doc),
                                 &(struct json_limits){.depth_max = JSON_DEPTH_CEILING}) == 0) {
        page->root = page->doc.nodes;
    }
}

void page_close(struct page *page)
{
    json_close(&page->doc);
}

const struct json_node *page_option(const struct page *page, const char *name)
{
    return page->root ? json_member(&page->doc, page->root, name) : NULL;
}

struct page_walk page_walk_over(const struct snapshot *snapshot, enum entry_kind kind)
{
    return (struct page_walk){.snapshot = snapshot, .kind = kind};
}

bool page_walk_next(struct page_walk *walk)
{
    if (walk->is_open) {
        page_close(&walk->page);
        walk->is_open = false;
    }
    while (walk->generation < walk->snapshot->generations_count) {
        const struct generation *generation = walk->snapshot->generations[walk->generation];
        const struct wiring *wiring = generation->wiring;
        while (walk->entry < wiring->count) {
            const struct entry *entry = &wiring->entries[walk->entry++];
            if (entry->kind == walk->kind) {
                page_open(&walk->page, generation, entry);
                walk->is_open = true;
                return true;
            }
        }
        walk->generation++;
        walk->entry = 0;
    }
    return false;
}

/* ---- plain parts ---- */

void page_separate(struct buf *out, bool *is_first)
{
    if (!*is_first) {
        buf_append_char(out, ',');
    }
    *is_first = false;
}

void page_write_summary(struct buf *out, const struct page *page)
{
    const struct json_node *summary = page_option(page, "summary");
    if (summary && summary->type == JSON_STRING) {
        buf_append_text(out, ",\"summary\":");
        json_write_string(out, json_string(summary));
    }
}

void page_write_schema(struct buf *out, const struct page *page, const char *option)
{
    const struct json_node *schema = page_option(page, option);
    if (schema) {
        json_write_node(out, &page->doc, schema, false);
    } else {
        buf_append_text(out, "{\"type\":\"object\"}");
    }
}

/* ---- members ---- */

/* The schema itself is part 0, its variants follow. */
static const struct json_node *part_of(const struct page *page, const struct json_node *schema,
                                       size_t index)
{
    if (index == 0) {
        return schema;
    }
    const struct json_node *variants = json_member(&page->doc, schema, "oneOf");
    const struct json_node *variant = variants ? json_first(&page->doc, variants) : NULL;
    for (size_t i = 1; i < index && variant; i++) {
        variant = json_next(&page->doc, variants, variant);
    }
    return variant;
}

/* The schema of a member of a part; the name is compared as bytes, it may hold anything. */
static const struct json_node *find_property(const struct page *page, const struct json_node *part,
                                             struct bytes wanted)
{
    const struct json_node *properties = json_member(&page->doc, part, "properties");
    if (!properties) {
        return NULL;
    }
    for (const struct json_node *name = json_first(&page->doc, properties); name;
         name = json_next(&page->doc, properties, name + 1)) {
        if (bytes_equal(json_string(name), wanted)) {
            return name + 1;
        }
    }
    return NULL;
}

static bool part_requires(const struct page *page, const struct json_node *part,
                          struct bytes wanted)
{
    const struct json_node *required = json_member(&page->doc, part, "required");
    if (!required) {
        return false;
    }
    for (const struct json_node *name = json_first(&page->doc, required); name;
         name = json_next(&page->doc, required, name)) {
        if (name->type == JSON_STRING && bytes_equal(json_string(name), wanted)) {
            return true;
        }
    }
    return false;
}

/* In the schema itself, or in each of its variants. */
static bool is_required(const struct page *page, const struct json_node *schema, struct bytes name)
{
    if (part_requires(page, schema, name)) {
        return true;
    }
    const struct json_node *part;
    bool in_all = false;
    for (size_t i = 1; (part = part_of(page, schema, i)); i++) {
        in_all = part_requires(page, part, name);
        if (!in_all) {
            break;
        }
    }
    return in_all;
}

/* Collects texts that differ, separated by commas; how many there are. */
struct texts {
    struct buf all;
    struct {
        size_t offset;
        size_t len;
    } list[VARIANTS_MAX];
    size_t count;
    bool is_over;
};

static void add_text(struct texts *texts, const struct page *page, const struct json_node *schema)
{
    if (texts->count == VARIANTS_MAX) {
        texts->is_over = true;
        return;
    }
    size_t start = texts->all.len;
    if (texts->count > 0) {
        buf_append_char(&texts->all, ',');
    }
    size_t offset = texts->all.len;
    if (json_write_node(&texts->all, &page->doc, schema, false)) {
        texts->is_over = true;
        return;
    }
    size_t len = texts->all.len - offset;
    for (size_t i = 0; i < texts->count; i++) {
        if (texts->list[i].len == len &&
            memcmp(texts->all.data + texts->list[i].offset, texts->all.data + offset, len) == 0) {
            texts->all.len = start;
            return;
        }
    }
    texts->list[texts->count].offset = offset;
    texts->list[texts->count++].len = len;
}

static void write_member_schema(struct buf *out, const struct page *page,
                                const struct json_node *schema, struct bytes name)
{
    struct texts texts = {.count = 0};
    const struct json_node *part;
    buf_open(&texts.all, SCHEMA_BYTES_MAX);
    for (size_t i = 0; (part = part_of(page, schema, i)); i++) {
        const struct json_node *property = find_property(page, part, name);
        if (property) {
            add_text(&texts, page, property);
        }
    }
    if (texts.is_over) {
        buf_append_text(out, "{}");
    } else if (texts.count == 1) {
        buf_append(out, buf_bytes(&texts.all));
    } else {
        buf_append_text(out, "{\"anyOf\":[");
        buf_append(out, buf_bytes(&texts.all));
        buf_append_text(out, "]}");
    }
    buf_close(&texts.all);
}

static bool is_in_earlier_part(const struct page *page, const struct json_node *schema,
                               size_t index, struct bytes name)
{
    for (size_t i = 0; i < index; i++) {
        if (find_property(page, part_of(page, schema, i), name)) {
            return true;
        }
    }
    return false;
}

static void write_member(struct buf *out, const struct page *page, const struct json_node *schema,
                         struct bytes name, const char *extra)
{
    buf_append_text(out, "{\"name\":");
    json_write_string(out, name);
    buf_append_text(out, extra);
    buf_append_text(out,
                    is_required(page, schema, name) ? ",\"required\":true" : ",\"required\":false");
    buf_append_text(out, ",\"schema\":");
    write_member_schema(out, page, schema, name);
    buf_append_char(out, '}');
}

void page_write_members(struct buf *out, const struct page *page, const char *option,
                        const char *extra)
{
    const struct json_node *schema = page_option(page, option);
    const struct json_node *part;
    bool is_first = true;
    buf_append_char(out, '[');
    for (size_t i = 0; schema && (part = part_of(page, schema, i)); i++) {
        const struct json_node *properties = json_member(&page->doc, part, "properties");
        const struct json_node *name = properties ? json_first(&page->doc, properties) : NULL;
        for (; name; name = json_next(&page->doc, properties, name + 1)) {
            if (!is_in_earlier_part(page, schema, i, json_string(name))) {
                page_separate(out, &is_first);
                write_member(out, page, schema, json_string(name), extra);
            }
        }
    }
    buf_append_char(out, ']');
}
