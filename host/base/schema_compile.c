/* From a schema that was read as JSON to one that checks without looking at it again. */
#include "host/base/schema_compile.h"

#include "host/base/err.h"
#include "host/base/mem.h"

#include <string.h>

#define LINEAR_SEARCH_MAX 12
#define HASH_SEED 1 /* hashes are found in a table that no peer can fill */

/* All memory of one compiled schema, so that parts can be shared and are freed once. */
struct block {
    struct block *next;
    max_align_t data[];
};

struct root {
    struct schema schema; /* first, so that it is the address the caller holds */
    struct block *blocks;
};

static const struct schema schema_blank = {
    .items_max = SCHEMA_NO_MAX,
    .length_max = SCHEMA_NO_MAX,
    .bytes_max = SCHEMA_NO_MAX,
    .bytes_limit = SCHEMA_NO_MAX,
    .members_max = SCHEMA_NO_MAX,
    .types = SCHEMA_ANY_TYPE,
};

const struct schema schema_any = {
    .items_max = SCHEMA_NO_MAX,
    .length_max = SCHEMA_NO_MAX,
    .bytes_max = SCHEMA_NO_MAX,
    .bytes_limit = SCHEMA_NO_MAX,
    .members_max = SCHEMA_NO_MAX,
    .types = SCHEMA_ANY_TYPE,
    .items = &schema_any,
    .additional = &schema_any,
};

void *schema_keep(struct compiler *c, size_t count, size_t item_bytes)
{
    struct block *block = mem_try_alloc(sizeof(*block) + count * item_bytes);
    if (block == NULL) {
        return NULL;
    }
    block->next = c->root->blocks;
    c->root->blocks = block;
    return block->data;
}

int schema_keep_bytes(struct compiler *c, struct bytes text, struct bytes *out)
{
    char *copy = schema_keep(c, text.len + 1, 1);
    if (copy == NULL) {
        return ERR_NOMEM;
    }
    memcpy(copy, text.data, text.len);
    *out = (struct bytes){copy, text.len};
    return 0;
}

uint32_t schema_count_members(const struct json_doc *doc, const struct json_node *object)
{
    uint32_t count = 0;
    const struct json_node *name = json_first(doc, object);
    for (; name != NULL; name = json_next(doc, object, name + 1)) {
        count++;
    }
    return count;
}

int schema_count_nodes(struct compiler *c, uint32_t count, const struct schema_place *place)
{
    if (count > SCHEMA_NODES_MAX - c->nodes) {
        return schema_fail(c->error, place, ERR_TOO_LARGE, "more than %d parts in one schema",
                           SCHEMA_NODES_MAX);
    }
    c->nodes += count;
    return 0;
}

static int make_slots(struct compiler *c, struct schema *schema)
{
    if (schema->property_count <= LINEAR_SEARCH_MAX) {
        return 0;
    }
    uint32_t count = 1;
    while (count < schema->property_count * 2) {
        count *= 2;
    }
    schema->slots = schema_keep(c, count, sizeof(*schema->slots));
    schema->slot_mask = count - 1;
    if (schema->slots == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < schema->property_count; i++) {
        uint32_t slot = (uint32_t)bytes_hash(schema->properties[i].name, HASH_SEED);
        while (schema->slots[slot & schema->slot_mask] != 0) {
            slot++;
        }
        schema->slots[slot & schema->slot_mask] = i + 1;
    }
    return 0;
}

static struct schema_property *find_linear(const struct schema *schema, struct bytes name)
{
    for (uint32_t i = 0; i < schema->property_count; i++) {
        if (bytes_equal(schema->properties[i].name, name)) {
            return &schema->properties[i];
        }
    }
    return NULL;
}

const struct schema_property *schema_find(const struct schema *schema, struct bytes name,
                                          uint32_t *hint)
{
    /* Callers tend to send members in the order of the schema. */
    if (*hint < schema->property_count && bytes_equal(schema->properties[*hint].name, name)) {
        return &schema->properties[(*hint)++];
    }
    const struct schema_property *found = NULL;
    if (schema->slots == NULL) {
        found = find_linear(schema, name);
    } else {
        uint32_t slot = (uint32_t)bytes_hash(name, HASH_SEED) & schema->slot_mask;
        for (; schema->slots[slot] != 0; slot = (slot + 1) & schema->slot_mask) {
            const struct schema_property *p = &schema->properties[schema->slots[slot] - 1];
            if (bytes_equal(p->name, name)) {
                found = p;
                break;
            }
        }
    }
    if (found != NULL) {
        *hint = (uint32_t)(found - schema->properties) + 1;
    }
    return found;
}

/* What follows from all keywords together. */
static int finish(struct compiler *c, struct schema *schema, const struct schema_place *place)
{
    bool names_members = schema->property_count + schema->required_name_count > 0;
    if (!schema->has_types && (names_members || schema->variant_count > 0)) {
        schema->types = SCHEMA_TYPE(JSON_OBJECT);
    } else if (!schema->has_types && !schema->has_additional) {
        schema->additional = &schema_any;
    }
    if (schema->variant_count > 0) {
        return 0; /* the variants carry its properties and are what checks an object */
    }
    for (uint32_t i = 0; i < schema->required_name_count; i++) {
        struct bytes name = schema->required[i];
        struct schema_property *property = find_linear(schema, name);
        if (property == NULL) {
            return schema_fail(c->error, place, ERR_INVALID, "requires \"%.*s\", no property",
                               (int)(name.len < 64 ? name.len : 64), name.data);
        }
        schema->required_count += !property->is_required;
        property->is_required = true;
    }
    return make_slots(c, schema);
}

static int merge_required(struct compiler *c, struct schema *over, const struct schema *base)
{
    uint32_t count = base->required_name_count + over->required_name_count;
    struct bytes *required = schema_keep(c, count, sizeof(*required));
    if (required == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        required[i] = i < base->required_name_count ? base->required[i]
                                                    : over->required[i - base->required_name_count];
    }
    over->required = required;
    over->required_name_count = count;
    return 0;
}

/* Puts a variant over the schema that carries it: its own word counts where both have one. */
static int merge(struct compiler *c, struct schema *over, const struct schema *base,
                 const struct schema_place *place)
{
    uint32_t count = base->property_count + over->property_count;
    int err = schema_count_nodes(c, base->property_count + base->required_name_count, place);
    if (err) {
        return err;
    }
    struct schema_property *properties = schema_keep(c, count, sizeof(*properties));
    if (properties == NULL) {
        return ERR_NOMEM;
    }
    uint32_t merged = 0;
    for (uint32_t i = 0; i < base->property_count; i++) {
        const struct schema_property *own = find_linear(over, base->properties[i].name);
        properties[merged++] = own ? *own : base->properties[i];
    }
    for (uint32_t i = 0; i < over->property_count; i++) {
        if (find_linear(base, over->properties[i].name) == NULL) {
            properties[merged++] = over->properties[i];
        }
    }
    over->properties = properties;
    over->property_count = merged;
    over->types = SCHEMA_TYPE(JSON_OBJECT);
    over->has_types = true;
    over->additional = over->has_additional ? over->additional : base->additional;
    over->members_min = over->members_min ? over->members_min : base->members_min;
    over->members_max = over->members_max != SCHEMA_NO_MAX ? over->members_max : base->members_max;
    return merge_required(c, over, base);
}

static int compile_variant(struct compiler *c, const struct schema *base,
                           const struct json_node *node, const struct schema_place *place,
                           uint32_t depth, struct schema_variant *out)
{
    struct schema *schema = schema_keep(c, 1, sizeof(*schema));
    if (schema == NULL) {
        return ERR_NOMEM;
    }
    *schema = schema_blank;
    struct site site = {.compiler = c, .schema = schema, .depth = depth, .is_variant = true};
    int err = schema_count_nodes(c, 1, place);
    err = err ? err : schema_read_keywords(&site, node, place);
    if (err) {
        return err;
    }
    const struct schema_property *tag = find_linear(schema, base->discriminator);
    if (tag == NULL || (tag->schema->constant_count == 0 && tag->schema->prefix.data == NULL)) {
        return schema_fail(c->error, place, ERR_INVALID,
                           "the discriminator has neither const nor x-prefix here");
    }
    *out = (struct schema_variant){tag->schema, schema};
    err = merge(c, schema, base, place);
    return err ? err : finish(c, schema, place);
}

/* When all else of the schema that carries oneOf is known. */
static int compile_variants(struct site *site, const struct json_node *node,
                            const struct schema_place *place)
{
    struct compiler *c = site->compiler;
    struct schema *base = site->schema;
    const struct json_node *one_of = json_member(c->doc, node, "oneOf");
    if ((one_of != NULL) != (base->discriminator.data != NULL)) {
        return schema_fail(c->error, place, ERR_INVALID, "oneOf and discriminator go together");
    }
    if (one_of == NULL) {
        return 0;
    }
    struct schema_place list_place = {place, BYTES("oneOf"), 0};
    base->variants = schema_keep(c, one_of->size, sizeof(*base->variants));
    if (base->variants == NULL) {
        return ERR_NOMEM;
    }
    int err = 0;
    const struct json_node *variant = json_first(c->doc, one_of);
    for (; variant != NULL && !err; variant = json_next(c->doc, one_of, variant)) {
        uint32_t index = base->variant_count++;
        struct schema_place variant_place = {&list_place, BYTES_NONE, index};
        err = compile_variant(c, base, variant, &variant_place, site->depth + 1,
                              &base->variants[index]);
    }
    return err;
}

static int compile_into(struct compiler *c, struct schema *schema, const struct json_node *node,
                        const struct schema_place *place, uint32_t depth)
{
    *schema = schema_blank;
    int err = schema_count_nodes(c, 1, place);
    if (!err && depth > SCHEMA_DEPTH_MAX) {
        err = schema_fail(c->error, place, ERR_DEPTH, "more than %d schemas inside each other",
                          SCHEMA_DEPTH_MAX);
    }
    struct site site = {.compiler = c, .schema = schema, .depth = depth};
    err = err ? err : schema_read_keywords(&site, node, place);
    err = err ? err : compile_variants(&site, node, place);
    return err ? err : finish(c, schema, place);
}

int schema_compile(struct compiler *c, const struct json_node *node,
                   const struct schema_place *place, uint32_t depth, const struct schema **out)
{
    if (node->type == JSON_TRUE) {
        *out = &schema_any;
        return 0;
    }
    struct schema *schema = schema_keep(c, 1, sizeof(*schema));
    if (schema == NULL) {
        return ERR_NOMEM;
    }
    *out = schema;
    return compile_into(c, schema, node, place, depth);
}

int schema_new(struct schema **out, const struct json_doc *doc, const struct json_node *node,
               struct schema_error *error)
{
    struct root *root = mem_alloc(sizeof(*root));
    struct compiler c = {.doc = doc, .root = root, .error = error};
    struct schema_place place = {0};
    int err = compile_into(&c, &root->schema, node, &place, 1);
    if (err == ERR_NOMEM) {
        schema_fail(error, &place, err, "out of memory");
    }
    if (err) {
        schema_free(&root->schema);
        return err;
    }
    *out = &root->schema;
    return 0;
}

void schema_free(struct schema *schema)
{
    if (schema == NULL) {
        return;
    }
    struct root *root = (struct root *)schema;
    while (root->blocks != NULL) {
        struct block *block = root->blocks;
        root->blocks = block->next;
        mem_free(block);
    }
    mem_free(root);
}

const struct schema *schema_property(const struct schema *schema, struct bytes name)
{
    if (schema == NULL) {
        return NULL;
    }
    const struct schema_property *found = find_linear(schema, name);
    for (uint32_t i = 0; found == NULL && i < schema->variant_count; i++) {
        found = find_linear(schema->variants[i].schema, name);
    }
    return found ? found->schema : schema->additional;
}

const struct schema *schema_items(const struct schema *schema)
{
    return schema ? schema->items : NULL;
}

bool schema_wants_array(const struct schema *schema)
{
    return schema != NULL && schema != &schema_any &&
           (schema->types & SCHEMA_TYPE(JSON_ARRAY)) != 0 &&
           (schema->types & SCHEMA_TYPE(JSON_OBJECT)) == 0;
}

bool schema_wants_number(const struct schema *schema)
{
    const unsigned numbers = SCHEMA_TYPE(JSON_INTEGER) | SCHEMA_TYPE(JSON_REAL);
    return schema != NULL && schema != &schema_any && (schema->types & numbers) != 0 &&
           (schema->types & SCHEMA_TYPE(JSON_STRING)) == 0;
}
