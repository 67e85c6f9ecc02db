/* JSONTestSuite, case by case; tests/vectors/SOURCES.md says where it is from. */
#include "host/base/err.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "tests/unit/unit.h"

#define LINE_BYTES_MAX (1024 * 1024)

/* The path of a file below the project's root, found from where this file stands. */
static void path_of(char *out, size_t out_bytes, const char *below_root)
{
    const char *here = strstr(__FILE__, "tests/unit/");
    assert_non_null(here);
    int len = snprintf(out, out_bytes, "%.*s%s", (int)(here - __FILE__), __FILE__, below_root);
    assert_true(len > 0 && (size_t)len < out_bytes);
}

/* base64 with padding becomes base64url without, in place. */
static struct bytes case_input(char *text, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    }
    while (len > 0 && text[len - 1] == '=') {
        len--;
    }
    long decoded = bytes_from_base64url(out, (struct bytes){text, len});
    assert_true(decoded >= 0);
    return (struct bytes){out, (size_t)decoded};
}

static void answer_case(struct bytes name, char expect, struct bytes in)
{
    struct json_doc doc;
    json_open(&doc);
    /* The exact size, so that a sanitizer sees a read past the end. */
    char *exact = mem_alloc(in.len);
    memcpy(exact, in.data, in.len);
    struct bytes copy = {exact, in.len};
    int first = json_parse(&doc, copy, NULL);
    size_t stopped = doc.error_offset;
    bool is_right = expect == 'y' ? first == 0 : expect == 'n' ? first != 0 : true;
    bool is_same = json_parse(&doc, copy, NULL) == first && doc.error_offset == stopped;
    if (!is_right || !is_same || stopped > in.len) {
        fail_msg("%.*s: %s", (int)name.len, name.data, err_name(first));
    }
    mem_free(exact);
    json_close(&doc);
}

TEST(json, suite_is_answered_as_the_rfc_has_it)
{
    char path[1024];
    path_of(path, sizeof(path), "tests/vectors/jsontestsuite/test_parsing.jsonl");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *line = mem_alloc(LINE_BYTES_MAX);
    char *text = mem_alloc(LINE_BYTES_MAX);
    char *input = mem_alloc(LINE_BYTES_MAX);
    struct json_doc doc;
    json_open(&doc);
    int cases = 0;
    while (fgets(line, LINE_BYTES_MAX, file) != NULL) {
        assert_int_equal(json_parse(&doc, bytes_of(line), NULL), 0);
        struct bytes name = json_string(json_member(&doc, doc.nodes, "name"));
        struct bytes expect = json_string(json_member(&doc, doc.nodes, "expect"));
        struct bytes base64 = json_string(json_member(&doc, doc.nodes, "base64"));
        memcpy(text, base64.data, base64.len);
        answer_case(name, expect.data[0], case_input(text, base64.len, input));
        cases++;
    }
    assert_int_equal(cases, 318);
    json_close(&doc);
    mem_free(input);
    mem_free(text);
    mem_free(line);
    fclose(file);
}

TEST_MAIN
