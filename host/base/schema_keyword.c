/* One reader for each keyword. What several keywords decide together is schema_compile.c's. */
#include "host/base/err.h"
#include "host/base/schema_compile.h"

#include <string.h>

static int wrong(const struct site *site, const char *expected)
{
    return schema_fail(site->compiler->error, &site->place, ERR_INVALID, "%s expected", expected);
}

static int add_type(struct site *site, const struct json_node *name)
{
    static const struct {
        const char *name;
        uint32_t types;
    } types[] = {
        {"null", SCHEMA_TYPE(JSON_NULL)},
        {"boolean", SCHEMA_TYPE(JSON_FALSE) | SCHEMA_TYPE(JSON_TRUE)},
        {"integer", SCHEMA_TYPE(JSON_INTEGER)},
        {"number", SCHEMA_TYPE(JSON_INTEGER) | SCHEMA_TYPE(JSON_REAL)},
        {"string", SCHEMA_TYPE(JSON_STRING)},
        {"array", SCHEMA_TYPE(JSON_ARRAY)},
        {"object", SCHEMA_TYPE(JSON_OBJECT)},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (json_is_string(name, types[i].name)) {
            site->schema->types |= types[i].types;
            return 0;
        }
    }
    return wrong(site, "the name of a type");
}

static int read_type(struct site *site)
{
    site->schema->types = 0;
    site->schema->has_types = true;
    if (site->value->type != JSON_ARRAY) {
        return add_type(site, site->value);
    }
    const struct json_doc *doc = site->compiler->doc;
    const struct json_node *name = json_first(doc, site->value);
    int err = name ? 0 : wrong(site, "at least one type");
    for (; name != NULL && !err; name = json_next(doc, site->value, name)) {
        err = add_type(site, name);
    }
    return err;
}

static int read_properties(struct site *site)
{
    struct compiler *c = site->compiler;
    struct schema *schema = site->schema;
    if (site->value->type != JSON_OBJECT) {
        return wrong(site, "an object");
    }
    uint32_t count = schema_count_members(c->doc, site->value);
    schema->properties = schema_keep(c, count, sizeof(*schema->properties));
    if (schema->properties == NULL) {
        return ERR_NOMEM;
    }
    const struct json_node *name = json_first(c->doc, site->value);
    for (; name != NULL; name = json_next(c->doc, site->value, name + 1)) {
        struct schema_place place = {&site->place, json_string(name), 0};
        struct schema_property *property = &schema->properties[schema->property_count++];
        if ((name->flags & JSON_BAD_STRING) != 0) {
            return schema_fail(c->error, &place, ERR_INVALID, "the name has no UTF-8 form");
        }
        int err = schema_keep_bytes(c, json_string(name), &property->name);
        err = err ? err : schema_compile(c, name + 1, &place, site->depth + 1, &property->schema);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int read_required(struct site *site)
{
    struct compiler *c = site->compiler;
    struct schema *schema = site->schema;
    if (site->value->type != JSON_ARRAY) {
        return wrong(site, "an array of names");
    }
    int too_many = schema_count_nodes(c, site->value->size, &site->place);
    if (too_many) {
        return too_many;
    }
    schema->required = schema_keep(c, site->value->size, sizeof(*schema->required));
    if (schema->required == NULL) {
        return ERR_NOMEM;
    }
    const struct json_node *name = json_first(c->doc, site->value);
    for (; name != NULL; name = json_next(c->doc, site->value, name)) {
        if (name->type != JSON_STRING) {
            return wrong(site, "an array of names");
        }
        int err = schema_keep_bytes(c, json_string(name),
                                    &schema->required[schema->required_name_count++]);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int read_items(struct site *site)
{
    return schema_compile(site->compiler, site->value, &site->place, site->depth + 1,
                          &site->schema->items);
}

static int read_additional(struct site *site)
{
    site->schema->has_additional = true;
    site->schema->additional = NULL;
    if (site->value->type == JSON_FALSE) {
        return 0;
    }
    return schema_compile(site->compiler, site->value, &site->place, site->depth + 1,
                          &site->schema->additional);
}

static int read_open(struct site *site)
{
    if (site->value->type != JSON_TRUE && site->value->type != JSON_FALSE) {
        return wrong(site, "true or false");
    }
    if (site->value->type == JSON_TRUE && site->schema->additional == NULL) {
        site->schema->has_additional = true;
        site->schema->additional = &schema_any;
    }
    return 0;
}

static int read_bound(struct site *site, struct schema_bound *bound)
{
    const struct json_node *value = site->value;
    if (value->type != JSON_INTEGER && value->type != JSON_REAL) {
        return wrong(site, "a number");
    }
    bool is_integer = value->type == JSON_INTEGER;
    *bound = (struct schema_bound){true, is_integer, is_integer ? value->integer : 0,
                                   is_integer ? (double)value->integer : value->real};
    return 0;
}

static int read_minimum(struct site *site)
{
    return read_bound(site, &site->schema->minimum);
}

static int read_maximum(struct site *site)
{
    return read_bound(site, &site->schema->maximum);
}

static int read_constant(struct site *site, const struct json_node *value,
                         struct schema_constant *out)
{
    out->type = (enum json_type)value->type;
    switch (out->type) {
    case JSON_INTEGER:
        out->integer = value->integer;
        return 0;
    case JSON_REAL:
        out->real = value->real;
        return 0;
    case JSON_STRING:
        return schema_keep_bytes(site->compiler, json_string(value), &out->text);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return wrong(site, "neither array nor object");
    default:
        return 0;
    }
}

static int read_const(struct site *site)
{
    struct schema *schema = site->schema;
    schema->constants = schema_keep(site->compiler, 1, sizeof(*schema->constants));
    schema->constant_count = 1;
    return schema->constants ? read_constant(site, site->value, schema->constants) : ERR_NOMEM;
}

static int read_enum(struct site *site)
{
    struct compiler *c = site->compiler;
    struct schema *schema = site->schema;
    if (site->value->type != JSON_ARRAY || site->value->size == 0) {
        return wrong(site, "an array of values");
    }
    int err = schema_count_nodes(c, site->value->size, &site->place);
    if (err) {
        return err;
    }
    schema->constants = schema_keep(c, site->value->size, sizeof(*schema->constants));
    schema->constant_count = 0;
    if (schema->constants == NULL) {
        return ERR_NOMEM;
    }
    const struct json_node *value = json_first(c->doc, site->value);
    for (; value != NULL && !err; value = json_next(c->doc, site->value, value)) {
        err = read_constant(site, value, &schema->constants[schema->constant_count++]);
    }
    return err;
}

static int read_format(struct site *site)
{
    static const char *const names[] = {[FORMAT_ID] = "id",
                                        [FORMAT_BASE64URL] = "base64url",
                                        [FORMAT_USERNAME] = "username",
                                        [FORMAT_URI] = "uri"};
    for (int i = FORMAT_ID; i <= FORMAT_URI; i++) {
        if (json_is_string(site->value, names[i])) {
            site->schema->format = (enum schema_format)i;
            return 0;
        }
    }
    return wrong(site, "id, base64url, username or uri");
}

static int read_prefix(struct site *site)
{
    if (site->value->type != JSON_STRING) {
        return wrong(site, "a string");
    }
    return schema_keep_bytes(site->compiler, json_string(site->value), &site->schema->prefix);
}

static int read_discriminator(struct site *site)
{
    const struct json_node *name = json_member(site->compiler->doc, site->value, "propertyName");
    if (name == NULL || name->type != JSON_STRING) {
        return wrong(site, "{\"propertyName\": a name}");
    }
    return schema_keep_bytes(site->compiler, json_string(name), &site->schema->discriminator);
}

/* Read by read_variants, when the schema that carries it is complete. */
static int read_one_of(struct site *site)
{
    if (site->value->type != JSON_ARRAY || site->value->size == 0) {
        return wrong(site, "an array of schemas");
    }
    return site->is_variant ? wrong(site, "no oneOf inside a variant, plain schemas") : 0;
}

static int read_note(struct site *site)
{
    (void)site;
    return 0;
}

static const struct {
    const char *name;
    int (*read)(struct site *site);
} keywords[] = {
    {"type", read_type},
    {"properties", read_properties},
    {"required", read_required},
    {"items", read_items},
    {"additionalProperties", read_additional},
    {"x-open", read_open},
    {"minimum", read_minimum},
    {"maximum", read_maximum},
    {"enum", read_enum},
    {"const", read_const},
    {"format", read_format},
    {"x-prefix", read_prefix},
    {"discriminator", read_discriminator},
    {"oneOf", read_one_of},
    {"description", read_note},
    {"title", read_note},
    {"default", read_note},
    {"examples", read_note},
    {"deprecated", read_note},
    {"readOnly", read_note},
};

static const struct {
    const char *name;
    size_t offset;
} sizes[] = {
    {"minItems", offsetof(struct schema, items_min)},
    {"maxItems", offsetof(struct schema, items_max)},
    {"minLength", offsetof(struct schema, length_min)},
    {"maxLength", offsetof(struct schema, length_max)},
    {"x-minBytes", offsetof(struct schema, bytes_min)},
    {"x-maxBytes", offsetof(struct schema, bytes_max)},
    {"x-limitBytes", offsetof(struct schema, bytes_limit)},
    {"minProperties", offsetof(struct schema, members_min)},
    {"maxProperties", offsetof(struct schema, members_max)},
};

static int read_keyword(struct site *site, struct bytes name)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (bytes_equal_text(name, keywords[i].name)) {
            return keywords[i].read(site);
        }
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (!bytes_equal_text(name, sizes[i].name)) {
            continue;
        }
        const struct json_node *value = site->value;
        if (value->type != JSON_INTEGER || value->integer < 0 || value->integer >= SCHEMA_NO_MAX) {
            return wrong(site, "an integer from 0 to 4294967294");
        }
        uint32_t size = (uint32_t)value->integer;
        memcpy((char *)site->schema + sizes[i].offset, &size, sizeof(size));
        return 0;
    }
    return schema_fail(site->compiler->error, &site->place, ERR_INVALID, "unknown keyword");
}

int schema_read_keywords(struct site *site, const struct json_node *node,
                         const struct schema_place *place)
{
    struct compiler *c = site->compiler;
    if (node->type != JSON_OBJECT) {
        return schema_fail(c->error, place, ERR_INVALID, "a schema expected");
    }
    const struct json_node *name = json_first(c->doc, node);
    for (; name != NULL; name = json_next(c->doc, node, name + 1)) {
        site->value = name + 1;
        site->place = (struct schema_place){place, json_string(name), 0};
        int err = read_keyword(site, json_string(name));
        if (err) {
            return err;
        }
    }
    return 0;
}
