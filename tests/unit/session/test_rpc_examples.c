/*
 * The examples of the JSON-RPC 2.0 specification, section 7, word for word in
 * and by meaning out. What the protocol decides otherwise is decided here too:
 * params by position get `invalid_params` where the specification computes.
 */
#include "host/base/err.h"
#include "tests/unit/session/stage.h"
#include "tests/unit/unit.h"

static char *read_vectors(size_t *len)
{
    static const char name[] = "tests/vectors/jsonrpc/jsonrpc2-examples.json";
    const char *tests = strstr(__FILE__, "tests/unit/");
    assert_non_null(tests);
    char path[1024];
    snprintf(path, sizeof(path), "%.*s%s", (int)(tests - __FILE__), __FILE__, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = malloc(1 << 20);
    *len = fread(text, 1, 1 << 20, file);
    fclose(file);
    assert_true(*len > 0 && *len < 1 << 20);
    return text;
}

static bool knows(void *ctx, struct bytes method, bool *is_open)
{
    (void)ctx;
    static const char *const methods[] = {"subtract",     "sum",        "get_data",
                                          "notify_hello", "notify_sum", "update"};
    *is_open = true;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (bytes_equal_text(method, methods[i])) {
            return true;
        }
    }
    return false;
}

static void run(void *ctx, struct call *call, struct bytes method, const struct caller *caller,
                struct json_doc *doc, struct json_node *params)
{
    (void)ctx;
    (void)caller;
    if (bytes_equal_text(method, "subtract")) {
        char result[32];
        int len = snprintf(result, sizeof(result), "%lld",
                           (long long)(json_member(doc, params, "minuend")->integer -
                                       json_member(doc, params, "subtrahend")->integer));
        rpc_answer(call, (struct bytes){result, (size_t)len});
    } else {
        rpc_answer(call, BYTES("[\"hello\",5]"));
    }
}

struct outcome {
    int status;
    char text[4096];
};

static void take(void *ctx, int status, struct bytes body)
{
    struct outcome *outcome = ctx;
    outcome->status = status;
    snprintf(outcome->text, sizeof(outcome->text), "%.*s", (int)body.len,
             body.len > 0 ? body.data : "");
}

static int64_t code_of(const struct json_doc *doc, const struct json_node *answer)
{
    const struct json_node *error = json_member(doc, answer, "error");
    return error != NULL ? json_member(doc, error, "code")->integer : 0;
}

static void write(char *out, size_t size, const struct json_doc *doc, const struct json_node *node)
{
    struct buf text;
    buf_open(&text, size - 1);
    assert_int_equal(json_write_node(&text, doc, node, true), 0);
    snprintf(out, size, "%.*s", (int)text.len, text.data);
    buf_close(&text);
}

static void compare(const struct json_doc *expected_doc, const struct json_node *expected,
                    const struct json_doc *got_doc, const struct json_node *got)
{
    char a[512];
    char b[512];
    write(a, sizeof(a), expected_doc, json_member(expected_doc, expected, "id"));
    write(b, sizeof(b), got_doc, json_member(got_doc, got, "id"));
    assert_string_equal(a, b);
    if (code_of(expected_doc, expected) != 0) {
        assert_int_equal(code_of(expected_doc, expected), code_of(got_doc, got));
        return;
    }
    if (code_of(got_doc, got) == RPC_INVALID_PARAMS) {
        return; /* told apart from the rest by check_case */
    }
    write(a, sizeof(a), expected_doc, json_member(expected_doc, expected, "result"));
    write(b, sizeof(b), got_doc, json_member(got_doc, got, "result"));
    assert_string_equal(a, b);
}

static size_t count_text(const char *in, const char *what)
{
    size_t count = 0;
    for (; (in = strstr(in, what)) != NULL; in += strlen(what)) {
        count++;
    }
    return count;
}

/* Answers come in the order of the calls, since nothing here waits. */
static void check_case(struct desk *desk, const struct json_doc *doc, const struct json_node *item)
{
    static const struct caller caller = {.address = "10.0.0.1"};
    const struct json_node *expected = json_member(doc, item, "response");
    struct bytes request = json_string(json_member(doc, item, "request"));
    struct outcome outcome = {0};
    rpc_http(desk, request, &caller, take, &outcome);
    if (expected->type == JSON_NULL) {
        assert_int_equal(outcome.status, 204);
        assert_string_equal(outcome.text, "");
        return;
    }
    assert_int_equal(outcome.status, 200);
    struct json_doc got;
    json_open(&got);
    assert_int_equal(json_parse(&got, bytes_of(outcome.text), NULL), 0);
    assert_int_equal(got.nodes[0].type, expected->type);
    if (expected->type == JSON_OBJECT) {
        compare(doc, expected, &got, &got.nodes[0]);
    } else {
        assert_int_equal(got.nodes[0].size, expected->size);
        const struct json_node *a = json_first(doc, expected);
        const struct json_node *b = json_first(&got, &got.nodes[0]);
        for (; a != NULL; a = json_next(doc, expected, a), b = json_next(&got, &got.nodes[0], b)) {
            compare(doc, a, &got, b);
        }
    }
    char text[2048];
    snprintf(text, sizeof(text), "%.*s", (int)request.len, request.data);
    size_t by_position = count_text(text, "\"params\":[") - count_text(text, "\"notify_hello\"");
    if (code_of(&got, &got.nodes[0]) == RPC_PARSE_ERROR) {
        by_position = 0;
    }
    assert_int_equal(count_text(outcome.text, "-32602"), by_position);
    json_close(&got);
}

TEST(rpc, examples_of_the_specification_are_answered_as_it_says)
{
    struct hub *hub = hub_new();
    struct loop *loop = loop_new();
    struct desk_limits limits = {.rate_limits_on = false};
    struct rpc_backend backend = {NULL, knows, run};
    struct desk *desk = desk_new(hub, 0, loop, &limits, &backend, NULL);
    size_t len;
    char *text = read_vectors(&len);
    struct json_doc doc;
    json_open(&doc);
    assert_int_equal(json_parse(&doc, (struct bytes){text, len}, NULL), 0);
    const struct json_node *cases = json_member(&doc, &doc.nodes[0], "cases");
    assert_int_equal(cases->size, 15);
    const struct json_node *item = json_first(&doc, cases);
    for (; item != NULL; item = json_next(&doc, cases, item)) {
        check_case(desk, &doc, item);
    }
    json_close(&doc);
    free(text);
    desk_free(desk);
    loop_free(loop);
    hub_free(hub);
}

TEST_MAIN
