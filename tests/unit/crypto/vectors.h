/* Reads the published test vectors, wherever the test is started from. */
#ifndef TESTS_UNIT_CRYPTO_VECTORS_H
#define TESTS_UNIT_CRYPTO_VECTORS_H

#include "host/base/json.h"
#include "host/base/mem.h"
#include "tests/unit/unit.h"

struct vectors {
    struct json_doc doc;
    char *text;
};

static inline void vectors_open(struct vectors *vectors, const char *this_file, const char *name)
{
    char path[1024];
    const char *tests = strstr(this_file, "tests/unit/");
    assert_non_null(tests);
    snprintf(path, sizeof(path), "%.*stests/vectors/%s", (int)(tests - this_file), this_file, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    assert_true(len > 0);
    rewind(file);
    vectors->text = mem_alloc((size_t)len);
    assert_int_equal(fread(vectors->text, 1, (size_t)len, file), (size_t)len);
    fclose(file);
    json_open(&vectors->doc);
    assert_int_equal(json_parse(&vectors->doc, (struct bytes){vectors->text, (size_t)len}, NULL),
                     0);
}

static inline void vectors_close(struct vectors *vectors)
{
    json_close(&vectors->doc);
    mem_free(vectors->text);
}

/* The bytes of a hexadecimal text; returns how many. */
static inline size_t unhex(uint8_t *out, size_t out_max, struct bytes hex)
{
    assert_true(hex.len % 2 == 0 && hex.len / 2 <= out_max);
    for (size_t i = 0; i < hex.len / 2; i++) {
        char digits[3] = {hex.data[2 * i], hex.data[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return hex.len / 2;
}

static inline size_t member_bytes(const struct vectors *vectors, const struct json_node *object,
                                  const char *name, uint8_t *out, size_t out_max)
{
    const struct json_node *node = json_member(&vectors->doc, object, name);
    assert_non_null(node);
    return unhex(out, out_max, json_string(node));
}

static inline bool member_is(const struct vectors *vectors, const struct json_node *object,
                             const char *name, const char *text)
{
    const struct json_node *node = json_member(&vectors->doc, object, name);
    assert_non_null(node);
    return json_is_string(node, text);
}

#endif
