/*
 * A subset of JSON Schema 2020-12, checked on parsed JSON before any plugin
 * code runs. Keywords: type (a name or a list), properties, required, items,
 * minItems, maxItems, minLength, maxLength (code points), minimum, maximum,
 * enum, const, format, additionalProperties, minProperties, maxProperties,
 * oneOf with discriminator, description, title, default, examples,
 * deprecated, readOnly; and of our own:
 *
 *   x-minBytes, x-maxBytes   length of a string in bytes
 *   x-limitBytes             as x-maxBytes, but over it is ERR_TOO_LARGE
 *   x-prefix                 what a string starts with
 *   x-open: true             unknown members of this object are kept
 *
 * The schema `true`, and one without type and without members, keeps anything.
 * enum and const hold scalars. required names declared properties only.
 * Members that a schema does not name are marked JSON_DROPPED, unless x-open
 * or additionalProperties (true, or a schema for them) says otherwise.
 * maxItems exceeded is ERR_TOO_LARGE, every other failure ERR_INVALID.
 * oneOf needs "discriminator": {"propertyName": "type"}; the variant whose
 * property has that const, or whose "x-prefix" the value starts with, is used.
 * A variant is an object schema merged over the schema that carries the oneOf.
 * Formats: id (1 to 64 bytes), base64url, username ([a-z0-9_.-], any case), uri.
 */
#ifndef HOST_BASE_SCHEMA_H
#define HOST_BASE_SCHEMA_H

#include "host/base/json.h"

#define SCHEMA_PATH_MAX 256
#define SCHEMA_MESSAGE_MAX 160
#define SCHEMA_DEPTH_MAX 24
#define SCHEMA_NODES_MAX 4096

struct schema;

struct schema_error {
    char path[SCHEMA_PATH_MAX];       /* JSON Pointer (RFC 6901), "" for the root */
    char message[SCHEMA_MESSAGE_MAX]; /* what was expected, for the caller's author */
};

/*
 * Compiles a schema that was read as JSON; it copies what it needs. 0 and a
 * schema to release with schema_free, or ERR_INVALID (an unknown keyword or a
 * wrong value), ERR_DEPTH, ERR_TOO_LARGE with the place in *error.
 */
int schema_new(struct schema **out, const struct json_doc *doc, const struct json_node *node,
               struct schema_error *error);
void schema_free(struct schema *schema);
/* Immutable after schema_new: any thread may check with it. */
int schema_check(const struct schema *schema, struct json_doc *doc, struct json_node *node,
                 struct schema_error *error);
/* True when the value at this schema is an array, for encoders that see an empty table. */
const struct schema *schema_property(const struct schema *schema, struct bytes name);
const struct schema *schema_items(const struct schema *schema);
bool schema_wants_array(const struct schema *schema);
/* True when the value is a number and no string: for values that come as text. */
bool schema_wants_number(const struct schema *schema);

#endif
