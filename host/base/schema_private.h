/* What compiling and checking share. */
#ifndef HOST_BASE_SCHEMA_PRIVATE_H
#define HOST_BASE_SCHEMA_PRIVATE_H

#include "host/base/schema.h"

/* Where we are in a document or in a schema: a list of steps up to the root, on the C stack. */
struct schema_place {
    const struct schema_place *parent; /* NULL: the root, which has no step */
    struct bytes name;                 /* data is NULL: an index */
    uint32_t index;
};

/* Fills *error (which may be NULL) with the place's JSON Pointer and the message; returns err. */
__attribute__((format(printf, 4, 5))) int schema_fail(struct schema_error *error,
                                                      const struct schema_place *place, int err,
                                                      const char *format, ...);

enum schema_format { FORMAT_NONE, FORMAT_ID, FORMAT_BASE64URL, FORMAT_USERNAME, FORMAT_URI };

/* A value of enum or const: scalars only. */
struct schema_constant {
    enum json_type type;
    int64_t integer;
    double real;
    struct bytes text;
};

struct schema_property {
    struct bytes name;
    const struct schema *schema;
    bool is_required;
};

struct schema_variant {
    const struct schema *tag; /* of the discriminating property: its constants and prefix */
    const struct schema *schema;
};

struct schema_bound {
    bool is_set;
    bool is_integer;
    int64_t integer;
    double real;
};

#define SCHEMA_TYPE(json_type) (1U << (json_type))
#define SCHEMA_ANY_TYPE 0xffU
#define SCHEMA_NO_MAX UINT32_MAX

struct schema {
    uint32_t types; /* SCHEMA_TYPE bits */
    uint32_t items_min, items_max;
    uint32_t length_min, length_max;
    uint32_t bytes_min, bytes_max, bytes_limit;
    uint32_t members_min, members_max;
    enum schema_format format;
    struct schema_bound minimum, maximum;
    struct bytes prefix; /* data is NULL: none */

    struct schema_constant *constants;
    uint32_t constant_count;

    struct schema_property *properties;
    uint32_t property_count;
    uint32_t required_count;
    uint32_t *slots; /* index + 1 by hash, for many properties only */
    uint32_t slot_mask;
    const struct schema *additional; /* for members not named; NULL: they are dropped */

    const struct schema *items;

    struct bytes discriminator;
    struct schema_variant *variants;
    uint32_t variant_count;

    /* Used while compiling. */
    bool has_types, has_additional;
    struct bytes *required;
    uint32_t required_name_count;
};

/* Accepts and keeps everything but bad strings. */
extern const struct schema schema_any;

/* The property of this name, or NULL. *hint is where to look first, and moves on. */
const struct schema_property *schema_find(const struct schema *schema, struct bytes name,
                                          uint32_t *hint);
bool schema_format_holds(enum schema_format format, struct bytes text);

#endif
