/* The input is a schema, a newline, and a value: both are hostile. */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/schema.h"
#include "host/base/utf8.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct schema_error *error)
{
    CHECK(memchr(error->path, '\0', sizeof(error->path)) != NULL);
    CHECK(memchr(error->message, '\0', sizeof(error->message)) != NULL);
    CHECK(error->message[0] != '\0');
    CHECK(error->path[0] == '\0' || error->path[0] == '/');
    CHECK(utf8_is_valid(bytes_of(error->path)));
}

static void check_value(const struct schema *schema, struct bytes text)
{
    struct json_doc doc;
    json_open(&doc);
    if (json_parse(&doc, text, NULL) == 0) {
        struct schema_error error = {0};
        int err = schema_check(schema, &doc, doc.nodes, &error);
        if (err) {
            CHECK(err == ERR_INVALID || err == ERR_TOO_LARGE);
            check_error(&error);
        } else {
            CHECK(!json_has_bad_string(&doc, doc.nodes));
            /* What was dropped is gone, and what is left fits as before. */
            CHECK(schema_check(schema, &doc, doc.nodes, NULL) == 0);
        }
    }
    json_close(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes all = {(const char *)data, size};
    const char *line_end = size ? memchr(all.data, '\n', size) : NULL;
    size_t schema_len = line_end ? (size_t)(line_end - all.data) : size;
    struct json_doc doc;
    json_open(&doc);
    if (json_parse(&doc, (struct bytes){all.data, schema_len}, NULL) == 0) {
        struct schema *schema = NULL;
        struct schema_error error = {0};
        int err = schema_new(&schema, &doc, doc.nodes, &error);
        if (err) {
            check_error(&error);
        } else if (line_end != NULL) {
            check_value(schema, (struct bytes){line_end + 1, size - schema_len - 1});
        }
        schema_free(schema);
    }
    json_close(&doc);
    return 0;
}
