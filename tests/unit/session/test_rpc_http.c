/* Messages over HTTP: the same calls, a status, and no connection. */
#include "tests/unit/session/stage.h"
#include "tests/unit/unit.h"

#define CALL(method) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\"}"

struct outcome {
    int times;
    int status;
    char text[1024];
};

static void take(void *ctx, int status, struct bytes body)
{
    struct outcome *outcome = ctx;
    outcome->times++;
    outcome->status = status;
    snprintf(outcome->text, sizeof(outcome->text), "%.*s", (int)body.len,
             body.len > 0 ? body.data : "");
}

static const struct caller stranger = {.address = "10.0.0.1"};
static const struct caller ann = {
    .user_id = "ann", .device_id = "cli", .session_id = "l1", .address = "10.0.0.1", .token = "t"};

static void expect(const struct caller *caller, struct bytes message, int status, const char *text)
{
    struct stage *stage = stage_new(false);
    struct outcome outcome = {0};
    rpc_http(stage->desks[0], message, caller, take, &outcome);
    assert_int_equal(outcome.times, 1);
    assert_int_equal(outcome.status, status);
    assert_string_equal(outcome.text, text);
    stage_free(stage);
}

TEST(http, call_of_a_login_is_answered_200)
{
    expect(&ann, BYTES(CALL("who")), 200,
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[\"ann\",\"cli\",\"l1\",\"10.0.0.1\",\"t\"]}");
}

TEST(http, open_call_needs_no_login)
{
    expect(&stranger, BYTES(CALL("open.echo")), 200,
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
}

TEST(http, call_that_needs_a_login_is_401_without_one)
{
    expect(&stranger, BYTES(CALL("echo")), 401,
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32001,\"message\":\"Log in first\","
           "\"data\":{\"type\":\"unauthenticated\"}}}");
    expect(&stranger, BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}"), 401, "");
}

TEST(http, errors_and_even_parse_errors_are_200)
{
    expect(&ann, BYTES("\xc3\x28"), 200,
           "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"Parse "
           "error\",\"data\":{\"type\":\"parse_error\"}}}");
    expect(&ann, BYTES_NONE, 200,
           "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"Parse "
           "error\",\"data\":{\"type\":\"parse_error\"}}}");
    expect(&ann, BYTES(CALL("none")), 200,
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"Method not "
           "found\",\"data\":{\"type\":\"method_not_found\"}}}");
}

TEST(http, notifications_only_are_204)
{
    expect(&ann, BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}"), 204, "");
    expect(&ann, BYTES("[{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}]"), 204, "");
}

TEST(http, batch_gets_one_array)
{
    expect(&ann, BYTES("[" CALL("echo") ",7]"), 200,
           "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null},{\"jsonrpc\":\"2.0\",\"id\":null,"
           "\"error\":{\"code\":-32600,\"message\":\"Invalid Request\",\"data\":{\"type\":"
           "\"invalid_request\"}}}]");
}

TEST(http, answer_may_come_later)
{
    struct stage *stage = stage_new(false);
    struct outcome outcome = {0};
    rpc_http(stage->desks[0], BYTES(CALL("later")), &ann, take, &outcome);
    assert_int_equal(outcome.times, 0);
    assert_int_equal(desk_calls_in_flight(stage->desks[0]), 1);
    assert_null(call_session(stage->held[0]));
    stage_answer(stage, "{\"x\":1}");
    assert_int_equal(outcome.times, 1);
    assert_string_equal(outcome.text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":1}}");
    stage_free(stage);
}

TEST(http, calls_count_toward_the_rate_of_their_user)
{
    struct stage *stage = stage_new(true);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    struct outcome outcome = {0};
    for (int i = 0; i < 200; i++) {
        rpc_http(stage->desks[1], BYTES(CALL("echo")), &ann, take, &outcome);
    }
    assert_null(strstr(outcome.text, "error"));
    peer_say(peer, CALL("echo"));
    assert_non_null(strstr(peer_next(peer), "\"rate_limited\",\"retryAfterMs\":20"));
    rpc_http(stage->desks[1], BYTES(CALL("echo")), &ann, take, &outcome);
    assert_non_null(strstr(outcome.text, "\"rate_limited\",\"retryAfterMs\":20"));
    assert_int_equal(outcome.status, 200);
    peer_free(peer);
    stage_free(stage);
}

TEST_MAIN
