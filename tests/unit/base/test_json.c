#include "host/base/err.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "tests/unit/unit.h"

#include <math.h>

static struct json_doc doc;

static int parse(const char *text)
{
    json_close(&doc);
    return json_parse(&doc, bytes_of(text), NULL);
}

static const struct json_node *member(const char *name)
{
    return json_member(&doc, doc.nodes, name);
}

static void assert_written(const char *in, bool canonical, const char *expected)
{
    struct buf out;
    buf_open(&out, 1 << 16);
    assert_int_equal(parse(in), 0);
    assert_int_equal(json_write_node(&out, &doc, doc.nodes, canonical), 0);
    assert_true(bytes_equal_text(buf_bytes(&out), expected));
    buf_close(&out);
    json_close(&doc);
}

TEST(json, nodes_are_laid_out_as_the_header_says)
{
    assert_int_equal(parse("{\"a\":[1,true]}"), 0);
    static const struct {
        enum json_type type;
        uint32_t next;
    } expected[] = {
        {JSON_OBJECT, 5}, {JSON_STRING, 2}, {JSON_ARRAY, 5}, {JSON_INTEGER, 4}, {JSON_TRUE, 5}};
    assert_int_equal(doc.count, 5);
    for (uint32_t i = 0; i < doc.count; i++) {
        assert_int_equal(doc.nodes[i].type, expected[i].type);
        assert_int_equal(doc.nodes[i].next, expected[i].next);
    }
    assert_int_equal(doc.nodes[0].size, 1);
    assert_int_equal(doc.nodes[2].size, 2);
    json_close(&doc);
}

TEST(json, numbers_are_integers_by_value_and_exactly)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"-0.0", 0},
        {"0e99999999999999999999", 0},
        {"1.0", 1},
        {"1e2", 100},
        {"12.50e1", 125},
        {"1000e-3", 1},
        {"9007199254740993.0", INT64_C(9007199254740993)},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"0.00000000000000000000001e23", 1},
        {"100000000000000000000000000000e-29", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(cases[i].text), 0);
        assert_int_equal(doc.nodes[0].type, JSON_INTEGER);
        assert_true(doc.nodes[0].integer == cases[i].value);
    }
    json_close(&doc);
}

TEST(json, other_numbers_are_the_nearest_double)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"9223372036854775808", 9223372036854775808.0},
        {"-9223372036854775809", -9223372036854775809.0},
        {"0.1", 0.1},
        {"-1.5e-7", -1.5e-7},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"1e22", 1e22},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"1e-400", 0.0},
        {"0.1000000000000000055511151231257827021181583404541015625000000000000001", 0.1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(cases[i].text), 0);
        assert_int_equal(doc.nodes[0].type, JSON_REAL);
        assert_memory_equal(&doc.nodes[0].real, &cases[i].value, sizeof(double));
    }
    assert_int_equal(parse("1e309"), ERR_SYNTAX);
    assert_int_equal(parse("[-1e999999999999]"), ERR_SYNTAX);
    json_close(&doc);
}

TEST(json, string_without_escapes_lends_from_the_input)
{
    const char *in = "[\"plain \xc3\xa9 \xf0\x9f\x98\x80\", \"a\\u00e9\\ud83d\\ude00\\n\"]";
    assert_int_equal(parse(in), 0);
    assert_ptr_equal(doc.nodes[1].text, in + 2);
    assert_true(json_is_string(&doc.nodes[1], "plain \xc3\xa9 \xf0\x9f\x98\x80"));
    assert_true(json_is_string(&doc.nodes[2], "a\xc3\xa9\xf0\x9f\x98\x80\n"));
    json_close(&doc);
}

TEST(json, nul_and_lone_surrogates_are_accepted_and_flagged)
{
    static const char *const bad[] = {"[\"a\\u0000b\"]",
                                      "[\"\\ud800\"]",
                                      "[\"\\udc00\"]",
                                      "[\"\\ud800\\n\"]",
                                      "[\"\\ud800\\ud800\\udc00\"]",
                                      "{\"\\udfff\":1}",
                                      "[\"\\ud800\\u0041\"]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse(bad[i]), 0);
        assert_int_equal(doc.nodes[1].flags, JSON_BAD_STRING);
        assert_true(json_has_bad_string(&doc, doc.nodes));
    }
    assert_int_equal(parse("[\"\\ud800\\udc00\", \"\\\\u0000\"]"), 0);
    assert_false(json_has_bad_string(&doc, doc.nodes));
    json_close(&doc);
}

TEST(json, input_that_is_not_utf8_says_so_wherever_the_bytes_are)
{
    assert_int_equal(parse("[\"\xff\"]"), ERR_UTF8);
    assert_int_equal(parse("[\"\xed\xa0\x80\"]"), ERR_UTF8);
    assert_int_equal(parse("[\"\xc3\"]"), ERR_UTF8);
    assert_int_equal(parse("[1,,\"\xff\"]"), ERR_UTF8);
    assert_int_equal(parse("[1] \x80"), ERR_UTF8);
    assert_int_equal(parse("[1] \xc3\xa9"), ERR_SYNTAX);
    json_close(&doc);
}

TEST(json, depth_is_refused_without_using_the_stack)
{
    char deep[10000];
    memset(deep, '[', sizeof(deep));
    assert_int_equal(json_parse(&doc, (struct bytes){deep, sizeof(deep)}, NULL), ERR_DEPTH);
    struct json_limits limits = {.depth_max = UINT32_MAX};
    assert_int_equal(json_parse(&doc, (struct bytes){deep, sizeof(deep)}, &limits), ERR_DEPTH);
    limits.depth_max = 3;
    assert_int_equal(json_parse(&doc, BYTES("[{\"a\":[]}]"), &limits), 0);
    assert_int_equal(json_parse(&doc, BYTES("[{\"a\":[[]]}]"), &limits), ERR_DEPTH);
    assert_int_equal(parse("[[[}]]"), ERR_SYNTAX);
    assert_int_equal(parse("{\"a\":1]"), ERR_SYNTAX);
    assert_int_equal(parse("[1]]"), ERR_SYNTAX);
    json_close(&doc);
}

TEST(json, nodes_are_limited)
{
    struct json_limits limits = {.nodes_max = 4};
    assert_int_equal(json_parse(&doc, BYTES("[1,2,3]"), &limits), 0);
    assert_int_equal(json_parse(&doc, BYTES("[1,2,3,4]"), &limits), ERR_TOO_LARGE);
    json_close(&doc);
}

TEST(json, last_of_equal_names_wins)
{
    assert_int_equal(parse("{\"a\":1,\"b\":2,\"\\u0061\":[3],\"a\":4}"), 0);
    assert_int_equal(member("a")->integer, 4);
    assert_int_equal(member("b")->integer, 2);
    assert_null(member("c"));
    const struct json_node *first = json_first(&doc, doc.nodes);
    assert_true(json_is_string(first, "b"));
    const struct json_node *second = json_next(&doc, doc.nodes, json_next(&doc, doc.nodes, first));
    assert_true(json_is_string(second, "a"));
    assert_null(json_next(&doc, doc.nodes, second + 1));
    assert_written("{\"a\":{\"x\":1,\"x\":2},\"a\":{\"y\":1,\"y\":2}}", false, "{\"a\":{\"y\":2}}");
}

TEST(json, last_of_equal_names_wins_in_large_objects)
{
    struct buf in;
    buf_open(&in, 1 << 20);
    buf_append_char(&in, '{');
    for (int i = 0; i < 5000; i++) {
        buf_append_format(&in, "%s\"n%d\":%d", i ? "," : "", i % 1000, i);
    }
    buf_append_char(&in, '}');
    assert_int_equal(json_parse(&doc, buf_bytes(&in), NULL), 0);
    int kept = 0;
    const struct json_node *name = json_first(&doc, doc.nodes);
    for (; name != NULL; name = json_next(&doc, doc.nodes, name + 1)) {
        assert_int_equal(name[1].integer, 4000 + kept++);
    }
    assert_int_equal(kept, 1000);
    buf_close(&in);
    json_close(&doc);
}

TEST(json, used_document_allocates_nothing)
{
    const char *in = "{\"jsonrpc\":\"2.0\",\"method\":\"a\\nb\",\"params\":{\"x\":[1,2.5,null]}}";
    assert_int_equal(parse(in), 0);
    mem_fault_after(1);
    assert_int_equal(json_parse(&doc, bytes_of(in), NULL), 0);
    mem_fault_after(0);
    json_close(&doc);
}

TEST(json, every_failed_allocation_is_survived)
{
    struct buf in;
    buf_open(&in, 1 << 20);
    buf_append_text(
        &in, "[\"\\n\",1.00000000000000000000000000000000000000000000000000000000000000001,{");
    for (int i = 0; i < 200; i++) {
        buf_append_format(&in, "%s\"n%d\":%d", i ? "," : "", i, i);
    }
    buf_append_text(&in, "}]");
    unsigned failures = 0;
    for (unsigned nth = 1;; nth++) {
        json_close(&doc);
        mem_fault_after(nth);
        int err = json_parse(&doc, buf_bytes(&in), NULL);
        mem_fault_after(0);
        if (!err) {
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
        failures++;
    }
    assert_in_range(failures, 5, 20);
    buf_close(&in);
    json_close(&doc);
}

TEST(json, canonical_form_sorts_names_by_bytes)
{
    assert_written("{ \"b\" : [ 1.0 , 1e1, 0.5 ], \"a\" : {\"d\":null,\"c\":\"x\"}, \"B\":true }",
                   true, "{\"B\":true,\"a\":{\"c\":\"x\",\"d\":null},\"b\":[1,10,0.5]}");
    assert_written("{\"aa\":1,\"a\":2,\"\":3}", true, "{\"\":3,\"a\":2,\"aa\":1}");
}

TEST(json, strings_are_written_so_that_any_reader_reads_them)
{
    struct buf out;
    buf_open(&out, 1 << 16);
    json_write_string(&out, BYTES("a\"\\\n\x01\x7f\xc3\xa9\xff\xc3 0123456789\b"));
    assert_true(bytes_equal_text(buf_bytes(&out),
                                 "\"a\\\"\\\\\\n\\u0001\x7f\xc3\xa9\xef\xbf\xbd\xef"
                                 "\xbf\xbd 0123456789\\b\""));
    buf_clear(&out);
    json_write_string(&out, BYTES_NONE);
    assert_true(bytes_equal_text(buf_bytes(&out), "\"\""));
    buf_close(&out);
    buf_open(&out, 4);
    assert_int_equal(json_write_string(&out, BYTES("hello")), ERR_TOO_LARGE);
    buf_close(&out);
}

TEST(json, value_has_one_spelling_however_it_was_rounded)
{
    assert_written("[100000000000000000.80]", true, "[100000000000000000]");
    assert_written("[-9223372036854775807.5, 9223372036854775807.5, 1e300]", true,
                   "[-9223372036854775808,9223372036854775808,1e+300]");
}

TEST(json, reals_read_back_as_they_were)
{
    static const double values[] = {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -2.5, 1e21};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct buf out;
        buf_open(&out, 64);
        assert_int_equal(json_write_real(&out, values[i]), 0);
        assert_int_equal(json_parse(&doc, buf_bytes(&out), NULL), 0);
        assert_memory_equal(&doc.nodes[0].real, &values[i], sizeof(double));
        buf_close(&out);
    }
    struct buf out;
    buf_open(&out, 64);
    json_write_real(&out, (double)INFINITY);
    assert_true(bytes_equal_text(buf_bytes(&out), "null"));
    buf_close(&out);
    json_close(&doc);
}

TEST_MAIN
