/* Checking a value. Nothing is allocated; places are steps on the C stack. */
#include "host/base/err.h"
#include "host/base/schema_private.h"
#include "host/base/utf8.h"

#include <string.h>

#define EXPECTED_LEN_MAX 96

struct check {
    struct json_doc *doc;
    struct schema_error *error;
};

static int check_value(struct check *c, const struct schema *schema, struct json_node *node,
                       const struct schema_place *place);

static int fail_type(struct check *c, const struct schema *schema, const struct schema_place *place)
{
    static const struct {
        uint32_t types;
        const char *name;
    } names[] = {
        {SCHEMA_TYPE(JSON_STRING), "a string"},
        {SCHEMA_TYPE(JSON_INTEGER) | SCHEMA_TYPE(JSON_REAL), "a number"},
        {SCHEMA_TYPE(JSON_INTEGER), "an integer"},
        {SCHEMA_TYPE(JSON_FALSE) | SCHEMA_TYPE(JSON_TRUE), "true or false"},
        {SCHEMA_TYPE(JSON_ARRAY), "an array"},
        {SCHEMA_TYPE(JSON_OBJECT), "an object"},
        {SCHEMA_TYPE(JSON_NULL), "null"},
    };
    char expected[EXPECTED_LEN_MAX] = "";
    uint32_t left = schema->types;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((left & names[i].types) != names[i].types) {
            continue;
        }
        left &= ~names[i].types;
        struct bytes parts[] = {expected[0] ? BYTES(" or ") : BYTES(""), bytes_of(names[i].name)};
        for (size_t part = 0; part < 2; part++) {
            size_t len = strlen(expected);
            if (parts[part].len < sizeof(expected) - len) {
                memcpy(expected + len, parts[part].data, parts[part].len + 1);
            }
        }
    }
    return schema_fail(c->error, place, ERR_INVALID, "%s expected", expected);
}

static bool is_constant(const struct schema_constant *constant, const struct json_node *node)
{
    if (constant->type != (enum json_type)node->type) {
        return false;
    }
    switch (constant->type) {
    case JSON_INTEGER:
        return constant->integer == node->integer;
    case JSON_REAL:
        return !(constant->real < node->real) && !(constant->real > node->real);
    case JSON_STRING:
        return bytes_equal(constant->text, (struct bytes){node->text, node->size});
    default:
        return true;
    }
}

static bool has_constant(const struct schema *schema, const struct json_node *node)
{
    for (uint32_t i = 0; i < schema->constant_count; i++) {
        if (is_constant(&schema->constants[i], node)) {
            return true;
        }
    }
    return false;
}

static int check_string(struct check *c, const struct schema *schema, const struct json_node *node,
                        const struct schema_place *place)
{
    static const char *const formats[] = {[FORMAT_ID] = "1 to 64 bytes",
                                          [FORMAT_BASE64URL] = "base64url without padding",
                                          [FORMAT_USERNAME] = "letters, digits, '_', '.' and '-'",
                                          [FORMAT_URI] = "a URI"};
    if ((node->flags & JSON_BAD_STRING) != 0) {
        return schema_fail(c->error, place, ERR_INVALID,
                           "neither U+0000 nor a lone surrogate may "
                           "stand in a string");
    }
    struct bytes text = {node->text, node->size};
    if (text.len > schema->bytes_limit) {
        return schema_fail(c->error, place, ERR_TOO_LARGE, "at most %u bytes", schema->bytes_limit);
    }
    if (text.len < schema->bytes_min) {
        return schema_fail(c->error, place, ERR_INVALID, "at least %u bytes expected",
                           schema->bytes_min);
    }
    if (text.len > schema->bytes_max) {
        return schema_fail(c->error, place, ERR_INVALID, "at most %u bytes expected",
                           schema->bytes_max);
    }
    /* A character has one to four bytes, so most lengths need no counting. */
    if (text.len / 4 < schema->length_min || text.len > schema->length_max) {
        size_t count = utf8_count(text);
        if (count < schema->length_min) {
            return schema_fail(c->error, place, ERR_INVALID, "at least %u characters expected",
                               schema->length_min);
        }
        if (count > schema->length_max) {
            return schema_fail(c->error, place, ERR_INVALID, "at most %u characters expected",
                               schema->length_max);
        }
    }
    if (schema->prefix.data != NULL && !bytes_starts_with(text, schema->prefix)) {
        return schema_fail(c->error, place, ERR_INVALID, "\"%.64s\" expected at the start",
                           schema->prefix.data);
    }
    if (schema->format != FORMAT_NONE && !schema_format_holds(schema->format, text)) {
        return schema_fail(c->error, place, ERR_INVALID, "%s expected", formats[schema->format]);
    }
    return 0;
}

/* -1, 0 or 1. */
static int compare_to_bound(const struct json_node *node, const struct schema_bound *bound)
{
    if (node->type == JSON_INTEGER && bound->is_integer) {
        return (node->integer > bound->integer) - (node->integer < bound->integer);
    }
    double value = node->type == JSON_INTEGER ? (double)node->integer : node->real;
    return (value > bound->real) - (value < bound->real);
}

static int check_number(struct check *c, const struct schema *schema, const struct json_node *node,
                        const struct schema_place *place)
{
    if (schema->minimum.is_set && compare_to_bound(node, &schema->minimum) < 0) {
        return schema_fail(c->error, place, ERR_INVALID, "at least %.17g expected",
                           schema->minimum.real);
    }
    if (schema->maximum.is_set && compare_to_bound(node, &schema->maximum) > 0) {
        return schema_fail(c->error, place, ERR_INVALID, "at most %.17g expected",
                           schema->maximum.real);
    }
    return 0;
}

static int check_array(struct check *c, const struct schema *schema, struct json_node *array,
                       const struct schema_place *place)
{
    if (array->size > schema->items_max) {
        return schema_fail(c->error, place, ERR_TOO_LARGE, "at most %u items", schema->items_max);
    }
    if (array->size < schema->items_min) {
        return schema_fail(c->error, place, ERR_INVALID, "at least %u items expected",
                           schema->items_min);
    }
    const struct schema *items = schema->items ? schema->items : &schema_any;
    struct schema_place step = {place, BYTES_NONE, 0};
    struct json_node *end = c->doc->nodes + array->next;
    for (struct json_node *item = array + 1; item < end; item = c->doc->nodes + item->next) {
        int err = check_value(c, items, item, &step);
        if (err) {
            return err;
        }
        step.index++;
    }
    return 0;
}

/* The first required property, in the order of the schema, that the object lacks. */
static int fail_missing(struct check *c, const struct schema *schema,
                        const struct json_node *object, const struct schema_place *place)
{
    for (uint32_t i = 0; i < schema->property_count; i++) {
        const struct schema_property *property = &schema->properties[i];
        if (!property->is_required) {
            continue;
        }
        bool is_there = false;
        const struct json_node *name = json_first(c->doc, object);
        for (; name != NULL && !is_there; name = json_next(c->doc, object, name + 1)) {
            is_there = bytes_equal(property->name, json_string(name));
        }
        if (!is_there) {
            struct schema_place step = {place, property->name, 0};
            return schema_fail(c->error, &step, ERR_INVALID, "required");
        }
    }
    return 0;
}

static int check_member(struct check *c, const struct schema *schema, struct json_node *name,
                        const struct schema_place *place)
{
    struct schema_place step = {place, {name->text, name->size}, 0};
    if ((name->flags & JSON_BAD_STRING) != 0) {
        return schema_fail(c->error, &step, ERR_INVALID,
                           "neither U+0000 nor a lone surrogate may "
                           "stand in a name");
    }
    return check_value(c, schema, name + 1, &step);
}

static int check_members(struct check *c, const struct schema *schema, struct json_node *object,
                         const struct schema_place *place)
{
    uint32_t hint = 0;
    uint32_t kept = 0;
    uint32_t required = 0;
    struct json_node *end = c->doc->nodes + object->next;
    for (struct json_node *name = object + 1; name < end; name = c->doc->nodes + name[1].next) {
        if ((name->flags & JSON_DROPPED) != 0) {
            continue;
        }
        const struct schema_property *property =
            schema_find(schema, (struct bytes){name->text, name->size}, &hint);
        const struct schema *member = property ? property->schema : schema->additional;
        if (member == NULL) {
            name[0].flags |= JSON_DROPPED;
            name[1].flags |= JSON_DROPPED;
            continue;
        }
        int err = check_member(c, member, name, place);
        if (err) {
            return err;
        }
        kept++;
        required += property != NULL && property->is_required;
    }
    if (required < schema->required_count) {
        return fail_missing(c, schema, object, place);
    }
    if (kept < schema->members_min) {
        return schema_fail(c->error, place, ERR_INVALID, "at least %u members expected",
                           schema->members_min);
    }
    if (kept > schema->members_max) {
        return schema_fail(c->error, place, ERR_INVALID, "at most %u members expected",
                           schema->members_max);
    }
    return 0;
}

/* The variant for a value of the discriminator, or NULL. An exact one comes before a prefix. */
static const struct schema *find_variant(const struct schema *schema, const struct json_node *tag)
{
    for (uint32_t i = 0; i < schema->variant_count; i++) {
        if (has_constant(schema->variants[i].tag, tag)) {
            return schema->variants[i].schema;
        }
    }
    for (uint32_t i = 0; i < schema->variant_count; i++) {
        struct bytes prefix = schema->variants[i].tag->prefix;
        if (prefix.data != NULL && tag->type == JSON_STRING &&
            bytes_starts_with((struct bytes){tag->text, tag->size}, prefix)) {
            return schema->variants[i].schema;
        }
    }
    return NULL;
}

static int check_object(struct check *c, const struct schema *schema, struct json_node *object,
                        const struct schema_place *place)
{
    if (schema->variant_count == 0) {
        return check_members(c, schema, object, place);
    }
    struct schema_place step = {place, schema->discriminator, 0};
    const struct json_node *tag = json_member(c->doc, object, schema->discriminator.data);
    if (tag == NULL) {
        return schema_fail(c->error, &step, ERR_INVALID, "required");
    }
    if ((tag->flags & JSON_BAD_STRING) != 0) {
        return schema_fail(c->error, &step, ERR_INVALID, "one of the known values expected");
    }
    const struct schema *variant = find_variant(schema, tag);
    if (variant == NULL) {
        return schema_fail(c->error, &step, ERR_INVALID, "one of the known values expected");
    }
    return check_members(c, variant, object, place);
}

static int check_value(struct check *c, const struct schema *schema, struct json_node *node,
                       const struct schema_place *place)
{
    if ((schema->types & SCHEMA_TYPE(node->type)) == 0) {
        return fail_type(c, schema, place);
    }
    if (node->type == JSON_STRING) {
        int err = check_string(c, schema, node, place);
        if (err) {
            return err;
        }
    }
    if (schema->constant_count > 0 && !has_constant(schema, node)) {
        const struct schema_constant *only = schema->constants;
        return schema->constant_count == 1 && only->type == JSON_STRING
                   ? schema_fail(c->error, place, ERR_INVALID, "\"%.64s\" expected",
                                 only->text.data)
                   : schema_fail(c->error, place, ERR_INVALID, "one of the known values expected");
    }
    switch ((enum json_type)node->type) {
    case JSON_INTEGER:
    case JSON_REAL:
        return check_number(c, schema, node, place);
    case JSON_ARRAY:
        return check_array(c, schema, node, place);
    case JSON_OBJECT:
        return check_object(c, schema, node, place);
    default:
        return 0;
    }
}

int schema_check(const struct schema *schema, struct json_doc *doc, struct json_node *node,
                 struct schema_error *error)
{
    struct check c = {doc, error};
    struct schema_place root = {0};
    return check_value(&c, schema, node, &root);
}
