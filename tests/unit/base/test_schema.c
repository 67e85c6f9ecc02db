#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/base/schema.h"
#include "tests/unit/unit.h"

static struct schema_error error;
static struct json_doc schema_doc;
static struct json_doc doc;

static struct schema *compiled(const char *text)
{
    struct schema *schema = NULL;
    struct json_limits limits = {.depth_max = 128};
    assert_int_equal(json_parse(&schema_doc, bytes_of(text), &limits), 0);
    int err = schema_new(&schema, &schema_doc, schema_doc.nodes, &error);
    if (err) {
        fail_msg("%s at %s: %s", err_name(err), error.path, error.message);
    }
    json_close(&schema_doc); /* whatever the schema needs it has copied */
    return schema;
}

static void assert_refused_schema(const char *text, int expected, const char *path)
{
    struct schema *schema = NULL;
    struct json_limits limits = {.depth_max = 128};
    assert_int_equal(json_parse(&schema_doc, bytes_of(text), &limits), 0);
    assert_int_equal(schema_new(&schema, &schema_doc, schema_doc.nodes, &error), expected);
    assert_string_equal(error.path, path);
    json_close(&schema_doc);
}

static int check(const struct schema *schema, const char *text)
{
    error = (struct schema_error){0};
    assert_int_equal(json_parse(&doc, bytes_of(text), NULL), 0);
    return schema_check(schema, &doc, doc.nodes, &error);
}

static void assert_check(const char *schema_text, const char *text, int expected, const char *path)
{
    struct schema *schema = compiled(schema_text);
    int err = check(schema, text);
    if (err != expected || strcmp(error.path, path) != 0) {
        fail_msg("%s with %s: %s at \"%s\": %s", schema_text, text, err_name(err), error.path,
                 error.message);
    }
    schema_free(schema);
    json_close(&doc);
}

static void assert_kept(const char *schema_text, const char *text, const char *kept)
{
    struct schema *schema = compiled(schema_text);
    assert_int_equal(check(schema, text), 0);
    struct buf out;
    buf_open(&out, 4096);
    json_write_node(&out, &doc, doc.nodes, false);
    assert_true(bytes_equal_text(buf_bytes(&out), kept));
    buf_close(&out);
    schema_free(schema);
    json_close(&doc);
}

TEST(schema, type_decides_what_a_value_may_be)
{
    static const struct {
        const char *schema, *good, *bad;
    } cases[] = {
        {"{\"type\":\"integer\"}", "1.0", "1.5"},
        {"{\"type\":\"number\"}", "1.5", "\"1\""},
        {"{\"type\":\"string\"}", "\"\"", "null"},
        {"{\"type\":[\"string\",\"null\"]}", "null", "false"},
        {"{\"type\":\"boolean\"}", "false", "0"},
        {"{\"type\":\"array\"}", "[]", "{}"},
        {"{\"type\":\"object\"}", "{}", "[]"},
        {"{\"minLength\":2,\"maxLength\":3}", "\"\xc3\xa9\xc3\xa9\xc3\xa9\"", "\"abcd\""},
        {"{\"minLength\":2}", "\"ab\"", "\"\xc3\xa9\""},
        {"{\"x-minBytes\":2,\"x-maxBytes\":3}", "\"abc\"", "\"\xc3\xa9\xc3\xa9\""},
        {"{\"minimum\":1,\"maximum\":9007199254740993}", "9007199254740993", "9007199254740994"},
        {"{\"minimum\":0.5}", "1", "0"},
        {"{\"minItems\":1}", "[1]", "[]"},
        {"{\"enum\":[\"a\",1,null,true]}", "1.0", "\"1\""},
        {"{\"const\":1.5}", "1.5", "2.5"},
        {"{\"format\":\"id\"}", "\"x\"", "\"\""},
        {"{\"format\":\"base64url\"}", "\"QQ\"", "\"QR\""},
        {"{\"format\":\"base64url\"}", "\"QUI\"", "\"QUJ\""},
        {"{\"format\":\"base64url\"}", "\"\"", "\"Q\""},
        {"{\"format\":\"base64url\"}", "\"_-8\"", "\"QQ==\""},
        {"{\"format\":\"username\"}", "\"Ann_b.c-9\"", "\"a b\""},
        {"{\"format\":\"uri\"}", "\"https://a.example/x?y=%20\"", "\"https://a.example/ x\""},
        {"{\"format\":\"uri\"}", "\"urn:x\"", "\"//a\""},
        {"{\"x-prefix\":\"x.\"}", "\"x.a\"", "\"xa\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_check(cases[i].schema, cases[i].good, 0, "");
        assert_check(cases[i].schema, cases[i].bad, ERR_INVALID, "");
    }
}

TEST(schema, too_much_is_told_from_wrong)
{
    assert_check("{\"x-limitBytes\":3}", "\"abcd\"", ERR_TOO_LARGE, "");
    assert_check("{\"maxItems\":1}", "[1,2]", ERR_TOO_LARGE, "");
    assert_check("{\"properties\":{\"a\":{}},\"x-open\":true,\"maxProperties\":1}",
                 "{\"a\":1,\"b\":2}", ERR_INVALID, "");
    assert_check("{\"properties\":{\"a\":{}},\"minProperties\":1}", "{\"b\":2}", ERR_INVALID, "");
}

#define CHAT                                                                                       \
    "{\"type\":\"object\",\"required\":[\"chatId\",\"n\"],\"properties\":{"                        \
    "\"n\":{\"type\":\"integer\"},\"chatId\":{\"type\":\"string\"},"                               \
    "\"list\":{\"items\":{\"properties\":{\"a/b~\":{\"type\":\"string\"}}}}}}"

TEST(schema, path_points_at_the_first_misfit_then_at_what_is_missing)
{
    assert_check(CHAT, "{\"chatId\":\"c\"}", ERR_INVALID, "/n");
    assert_check(CHAT, "{}", ERR_INVALID, "/n");
    assert_check(CHAT, "{\"list\":[{},{\"a/b~\":1}],\"chatId\":1}", ERR_INVALID, "/list/1/a~1b~0");
    assert_check(CHAT, "{\"chatId\":1,\"list\":[{},{\"a/b~\":1}]}", ERR_INVALID, "/chatId");
    assert_check(CHAT, "{\"chatId\":null,\"n\":1}", ERR_INVALID, "/chatId");
    assert_check(CHAT, "{\"chatId\":1,\"chatId\":\"c\",\"n\":1}", 0, "");
}

TEST(schema, unknown_members_are_dropped_unless_it_is_open)
{
    assert_kept(CHAT, "{\"z\":{\"\\u0000\":1},\"chatId\":\"c\",\"y\":2,\"n\":1}",
                "{\"chatId\":\"c\",\"n\":1}");
    assert_kept("{\"type\":\"object\"}", "{\"a\":1}", "{}");
    assert_kept("{\"x-open\":true,\"properties\":{\"a\":{\"type\":\"object\"}}}",
                "{\"a\":{\"b\":1},\"c\":{\"d\":1}}", "{\"a\":{},\"c\":{\"d\":1}}");
    assert_kept("{\"additionalProperties\":false}", "{\"a\":1}", "{}");
    assert_kept("{}", "{\"a\":{\"b\":[{\"c\":1}]}}", "{\"a\":{\"b\":[{\"c\":1}]}}");
    assert_kept("{\"additionalProperties\":{\"properties\":{\"k\":true}}}",
                "{\"a\":{\"k\":1,\"l\":2}}", "{\"a\":{\"k\":1}}");
    assert_check("{\"additionalProperties\":{\"type\":\"string\"}}", "{\"a\":1}", ERR_INVALID,
                 "/a");
}

TEST(schema, bad_strings_are_refused_wherever_they_are_kept)
{
    assert_check("{}", "{\"a\":[{\"b\":\"\\ud800\"}]}", ERR_INVALID, "/a/0/b");
    assert_check("{\"x-open\":true}", "{\"a\":{\"\\u0000\":1}}", ERR_INVALID, "/a/\xef\xbf\xbd");
    assert_check("{\"type\":\"array\"}", "[\"\\u0000\"]", ERR_INVALID, "/0");
    assert_check("{\"const\":\"\xef\xbf\xbd\"}", "\"\\ud800\"", ERR_INVALID, "");
}

#define VARIANTS                                                                                   \
    "{\"type\":\"object\",\"required\":[\"type\",\"id\"],\"properties\":{"                         \
    "\"type\":{\"type\":\"string\",\"x-maxBytes\":8},\"id\":{\"type\":\"string\"}},"               \
    "\"discriminator\":{\"propertyName\":\"type\"},\"oneOf\":["                                    \
    "{\"properties\":{\"type\":{\"const\":\"x.y\"},\"content\":{\"type\":\"integer\"}}},"          \
    "{\"properties\":{\"type\":{\"const\":\"text\"},\"content\":{\"required\":[\"text\"],"         \
    "\"properties\":{\"text\":{\"type\":\"string\"}}}},\"required\":[\"content\"]},"               \
    "{\"properties\":{\"type\":{\"x-prefix\":\"x.\"},\"content\":{\"x-open\":true}}}]}"

TEST(schema, discriminator_picks_the_variant)
{
    assert_check(VARIANTS, "{\"id\":\"1\",\"type\":\"text\",\"content\":{\"text\":1}}", ERR_INVALID,
                 "/content/text");
    assert_check(VARIANTS, "{\"id\":\"1\",\"type\":\"text\"}", ERR_INVALID, "/content");
    assert_check(VARIANTS, "{\"type\":\"text\",\"content\":{\"text\":\"\"}}", ERR_INVALID, "/id");
    assert_check(VARIANTS, "{\"id\":\"1\",\"type\":\"nope\"}", ERR_INVALID, "/type");
    assert_check(VARIANTS, "{\"id\":\"1\",\"type\":7}", ERR_INVALID, "/type");
    assert_check(VARIANTS, "{\"id\":\"1\"}", ERR_INVALID, "/type");
    assert_check(VARIANTS, "{\"id\":\"1\",\"type\":\"x.y\",\"content\":{}}", ERR_INVALID,
                 "/content");
    assert_kept(VARIANTS, "{\"id\":\"1\",\"type\":\"x.z\",\"content\":{\"k\":1},\"l\":2}",
                "{\"id\":\"1\",\"type\":\"x.z\",\"content\":{\"k\":1}}");
    assert_kept(VARIANTS, "{\"content\":{\"k\":1,\"text\":\"t\"},\"id\":\"1\",\"type\":\"text\"}",
                "{\"content\":{\"text\":\"t\"},\"id\":\"1\",\"type\":\"text\"}");
}

TEST(schema, many_properties_are_found_whatever_their_order)
{
    struct buf text;
    buf_open(&text, 1 << 16);
    buf_append_text(&text, "{\"properties\":{");
    for (int i = 0; i < 100; i++) {
        buf_append_format(&text, "%s\"p%d\":{\"const\":%d}", i ? "," : "", i, i);
    }
    buf_append_text(&text, "}}");
    buf_append_char(&text, '\0');
    struct schema *schema = compiled(text.data);
    buf_clear(&text);
    for (int i = 99; i >= 0; i--) {
        buf_append_format(&text, "%s\"p%d\":%d", i == 99 ? "{" : ",", i, i == 50 ? 51 : i);
    }
    buf_append_char(&text, '}');
    buf_append_char(&text, '\0');
    assert_int_equal(check(schema, text.data), ERR_INVALID);
    assert_string_equal(error.path, "/p50");
    schema_free(schema);
    buf_close(&text);
    json_close(&doc);
}

TEST(schema, wrong_schema_is_refused_with_its_place)
{
    assert_refused_schema("{\"tpye\":\"string\"}", ERR_INVALID, "/tpye");
    assert_refused_schema("{\"type\":\"text\"}", ERR_INVALID, "/type");
    assert_refused_schema("{\"properties\":{\"a\":{\"minLength\":-1}}}", ERR_INVALID,
                          "/properties/a/minLength");
    assert_refused_schema("{\"required\":[\"a\"]}", ERR_INVALID, "");
    assert_refused_schema("{\"oneOf\":[{}]}", ERR_INVALID, "");
    assert_refused_schema("{\"oneOf\":[{}],\"discriminator\":{\"propertyName\":\"t\"}}",
                          ERR_INVALID, "/oneOf/0");
    assert_refused_schema("{\"format\":\"email\"}", ERR_INVALID, "/format");
    assert_refused_schema("{\"enum\":[[1]]}", ERR_INVALID, "/enum");
    assert_refused_schema("[]", ERR_INVALID, "");
}

TEST(schema, deep_and_large_schemas_are_refused)
{
    struct buf text;
    buf_open(&text, 1 << 20);
    for (int i = 0; i < SCHEMA_DEPTH_MAX + 1; i++) {
        buf_append_text(&text, "{\"items\":");
    }
    buf_append_text(&text, "{}");
    for (int i = 0; i < SCHEMA_DEPTH_MAX + 1; i++) {
        buf_append_char(&text, '}');
    }
    buf_append_char(&text, '\0');
    struct schema *schema = NULL;
    struct json_limits limits = {.depth_max = 128};
    assert_int_equal(json_parse(&schema_doc, bytes_of(text.data), &limits), 0);
    assert_int_equal(schema_new(&schema, &schema_doc, schema_doc.nodes, &error), ERR_DEPTH);
    buf_clear(&text);
    for (int i = 0; i < SCHEMA_NODES_MAX; i++) {
        buf_append_format(&text, "%s\"p%d\":{}", i ? "," : "{\"properties\":{", i);
    }
    buf_append_text(&text, "}}");
    buf_append_char(&text, '\0');
    assert_int_equal(json_parse(&schema_doc, bytes_of(text.data), NULL), 0);
    assert_int_equal(schema_new(&schema, &schema_doc, schema_doc.nodes, &error), ERR_TOO_LARGE);
    assert_null(schema);
    buf_close(&text);
    json_close(&schema_doc);
}

TEST(schema, long_path_is_cut_between_characters)
{
    struct buf text;
    buf_open(&text, 4096);
    buf_append_text(&text, "{\"ab");
    for (int i = 0; i < 200; i++) {
        buf_append_text(&text, "\xc3\xa9");
    }
    buf_append_text(&text, "\":\"\\u0000\"}");
    buf_append_char(&text, '\0');
    struct schema *schema = compiled("{}");
    assert_int_equal(check(schema, text.data), ERR_INVALID);
    assert_int_equal(strlen(error.path), SCHEMA_PATH_MAX - 1);
    assert_int_equal(check(schema, "\"\\u0000\""), ERR_INVALID);
    assert_string_equal(error.path, "");
    schema_free(schema);
    buf_close(&text);
    json_close(&doc);
}

TEST(schema, good_value_costs_no_allocation)
{
    struct schema *schema = compiled(VARIANTS);
    assert_int_equal(
        json_parse(&doc, BYTES("{\"id\":\"1\",\"type\":\"x.z\",\"content\":{\"k\":[1]}}"), NULL),
        0);
    mem_fault_after(1);
    assert_int_equal(schema_check(schema, &doc, doc.nodes, NULL), 0);
    assert_null(mem_try_alloc(1)); /* the fault was still waiting */
    schema_free(schema);
    json_close(&doc);
}

TEST(schema, every_failed_allocation_is_survived)
{
    assert_int_equal(json_parse(&schema_doc, BYTES(VARIANTS), NULL), 0);
    unsigned nth = 1;
    for (;; nth++) {
        struct schema *schema = NULL;
        mem_fault_after(nth);
        int err = schema_new(&schema, &schema_doc, schema_doc.nodes, &error);
        mem_fault_after(0);
        if (!err) {
            schema_free(schema);
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
    }
    assert_true(nth > 10);
    json_close(&schema_doc);
}

TEST(schema, encoders_learn_where_an_array_is_wanted)
{
    struct schema *schema = compiled("{\"properties\":{\"a\":{\"type\":\"array\",\"items\":"
                                     "{\"type\":\"array\"}},\"o\":{\"type\":\"object\"}}}");
    const struct schema *a = schema_property(schema, BYTES("a"));
    assert_true(schema_wants_array(a));
    assert_true(schema_wants_array(schema_items(a)));
    assert_false(schema_wants_array(schema_property(schema, BYTES("o"))));
    assert_false(schema_wants_array(schema_property(schema, BYTES("nope"))));
    assert_false(schema_wants_array(NULL));
    schema_free(schema);
}

TEST_MAIN
