/* Messages of one connection: what is answered, how, and what is not. */
#include "tests/unit/session/stage.h"
#include "tests/unit/unit.h"

#define PARSE_ERROR ERR("null", "-32700", "Parse error", "parse_error")
#define INVALID ERR("null", "-32600", "Invalid Request", "invalid_request")

/* Says one thing on a connection with a login and expects one answer, or none (NULL). */
static void expect(const char *text, const char *answer)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    peer_say(peer, text);
    const char *got = peer_next(peer);
    if (answer == NULL) {
        assert_null(got);
    } else {
        assert_non_null(got);
        assert_string_equal(got, answer);
    }
    assert_null(peer_next(peer));
    assert_int_equal(peer->close_code, 0);
    assert_int_equal(desk_calls_in_flight(stage->desks[0]), 0);
    peer_free(peer);
    stage_free(stage);
}

TEST(rpc, call_is_answered_with_its_id)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"echo\",\"params\":{\"a\":[1,\"x\"]}}",
           OK("7", "{\"a\":[1,\"x\"]}"));
}

TEST(rpc, call_without_params_has_none)
{
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}", OK("1", "null"));
}

TEST(rpc, string_id_comes_back_with_its_escapes)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\\u00e9\\n\",\"method\":\"echo\"}",
           OK("\"a\\\"b\xc3\xa9\\n\"", "null"));
}

TEST(rpc, fraction_as_id_comes_back_by_value)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"echo\"}", OK("1.5", "null"));
    expect("{\"jsonrpc\":\"2.0\",\"id\":2.0,\"method\":\"echo\"}", OK("2", "null"));
    expect("{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"method\":\"echo\"}",
           OK("9007199254740993", "null"));
}

TEST(rpc, null_is_an_id)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"echo\"}", OK("null", "null"));
}

TEST(rpc, boolean_object_or_array_is_no_id)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"echo\"}", INVALID);
    expect("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"echo\"}", INVALID);
    expect("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"echo\"}", INVALID);
}

TEST(rpc, id_over_its_limit_is_no_id)
{
    char text[512];
    char id[RPC_ID_BYTES_MAX];
    memset(id, 'x', sizeof(id));
    snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":\"%.*s\",\"method\":\"echo\"}",
             RPC_ID_BYTES_MAX - 1, id);
    expect(text, INVALID);
    char answer[512];
    snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":\"%.*s\",\"method\":\"echo\"}",
             RPC_ID_BYTES_MAX - 2, id);
    snprintf(answer, sizeof(answer), OK("\"%.*s\"", "null"), RPC_ID_BYTES_MAX - 2, id);
    expect(text, answer);
}

TEST(rpc, notification_runs_and_is_never_answered)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"fail\"}");
    assert_int_equal(stage->started, 2);
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"nobody.knows\"}");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1]}");
    assert_int_equal(stage->started, 2);
    assert_null(peer_next(peer));
    peer_free(peer);
    stage_free(stage);
}

TEST(rpc, what_is_not_json_is_a_parse_error_and_the_connection_lives)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    static const char *const broken[] = {"", "{", "nonsense", "{\"a\":1}x", "\"\xff\""};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        peer_say(peer, broken[i]);
        assert_string_equal(peer_next(peer), PARSE_ERROR);
    }
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}");
    assert_string_equal(peer_next(peer), OK("1", "null"));
    peer_free(peer);
    stage_free(stage);
}

TEST(rpc, thirty_three_containers_inside_each_other_are_a_parse_error)
{
    char text[256];
    char open[40];
    char close[40];
    memset(open, '[', sizeof(open));
    memset(close, ']', sizeof(close));
    for (int depth = 32; depth <= 33; depth++) {
        int inner = depth - 2; /* the message and its params are two */
        snprintf(text, sizeof(text),
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"open.later\",\"params\":{\"a\":%.*s"
                 "%.*s}}",
                 inner, open, inner, close);
        struct stage *stage = stage_new(false);
        struct peer *peer = peer_login(stage, 0, "ann", "l1");
        peer_say(peer, text);
        assert_int_equal(stage->held_count, depth == 32);
        if (depth == 33) {
            assert_string_equal(peer_next(peer), PARSE_ERROR);
        }
        peer_free(peer);
        stage_free(stage);
    }
}

TEST(rpc, what_is_no_call_is_invalid_with_a_null_id)
{
    static const char *const invalid[] = {
        "1",
        "\"echo\"",
        "null",
        "{}",
        "{\"foo\":1}",
        "{\"id\":5,\"method\":\"echo\"}",
        "{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"echo\"}",
        "{\"jsonrpc\":2.0,\"id\":5,\"method\":\"echo\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":5}",
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ec\\u0000ho\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"echo\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":\"bar\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":3}",
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":null}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":false}",
    };
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        expect(invalid[i], INVALID);
    }
}

TEST(rpc, last_of_two_equal_names_wins)
{
    expect(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nobody.knows\",\"method\":\"echo\",\"id\":2}",
        OK("2", "null"));
}

TEST(rpc, params_by_position_are_invalid_params)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[1]}",
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"Params are by "
           "name\",\"data\":{\"type\":\"invalid_params\",\"path\":\"\"}}}");
}

TEST(rpc, unknown_method_is_not_found_whatever_its_length)
{
    char name[RPC_METHOD_BYTES_MAX + 2];
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = 0;
    char text[256];
    snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}", name);
    expect(text, ERR("1", "-32601", "Method not found", "method_not_found"));
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}",
           ERR("1", "-32601", "Method not found", "method_not_found"));
}

TEST(rpc, failure_carries_its_data)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"fail\"}",
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32022,\"message\":\"no\",\"data\":{"
           "\"type\":\"rejected\",\"reason\":\"spam\"}}}");
}

/* ---- batches ---- */

TEST(batch, empty_one_is_one_invalid_request)
{
    expect("[]", INVALID);
}

TEST(batch, gets_one_array_with_the_answers_of_calls_that_have_ids)
{
    expect("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"},"
           "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"},5,[1],"
           "{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"who\"}]",
           "[" OK("1", "null") "," INVALID "," INVALID
                               "," OK("\"b\"", "[\"ann\",\"phone\",\"l1\",\"10.0.0.1\",\"\"]") "]");
}

TEST(batch, of_notifications_gets_nothing)
{
    expect("[{\"jsonrpc\":\"2.0\",\"method\":\"echo\"},{\"jsonrpc\":\"2.0\",\"method\":\"fail\"}]",
           NULL);
}

TEST(batch, of_sixty_five_calls_runs_none_of_them)
{
    static char text[8192];
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    stage_batch(text, sizeof(text), RPC_BATCH_MAX + 1);
    peer_say(peer, text);
    assert_string_equal(peer_next(peer), INVALID);
    assert_int_equal(stage->started, 0);
    stage_batch(text, sizeof(text), RPC_BATCH_MAX);
    peer_say(peer, text);
    assert_null(peer_next(peer));
    assert_int_equal(stage->started, RPC_BATCH_MAX);
    peer_free(peer);
    stage_free(stage);
}

TEST(batch, is_answered_when_its_last_call_is)
{
    static char text[8192];
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    stage_batch(text, sizeof(text), 3);
    peer_say(peer, text);
    stage_answer(stage, "\"a\"");
    stage_answer(stage, "\"b\"");
    assert_null(peer_next(peer));
    stage_answer(stage, "\"c\"");
    assert_string_equal(peer_next(peer),
                        "[" OK("0", "\"a\"") "," OK("1", "\"b\"") "," OK("2", "\"c\"") "]");
    peer_free(peer);
    stage_free(stage);
}

TEST(batch, outlives_its_connection)
{
    static char text[8192];
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    stage_batch(text, sizeof(text), 2);
    peer_say(peer, text);
    peer_free(peer);
    assert_null(call_session(stage->held[0]));
    assert_int_equal(desk_calls_in_flight(stage->desks[0]), 2);
    stage_answer(stage, "1");
    stage_answer(stage, "1");
    assert_int_equal(desk_calls_in_flight(stage->desks[0]), 0);
    stage_free(stage);
}

/* ---- before the login ---- */

TEST(login, only_open_methods_run_before_it)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_new(stage, 0);
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"open.echo\"}");
    assert_string_equal(peer_next(peer), OK("1", "null"));
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\"}");
    assert_string_equal(peer_next(peer), ERR("2", "-32001", "Log in first", "unauthenticated"));
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"nobody.knows\"}");
    assert_string_equal(peer_next(peer),
                        ERR("3", "-32601", "Method not found", "method_not_found"));
    assert_int_equal(stage->started, 1);
    peer_free(peer);
    stage_free(stage);
}

TEST(login, opens_the_way_for_the_calls_behind_it_in_a_batch)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_new(stage, 0);
    peer_say(peer,
             "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"},"
             "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"login\",\"params\":{\"user\":"
             "\"bob\",\"login\":\"l9\"}},{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"echo\"}]");
    assert_string_equal(peer_next(peer),
                        "[" ERR("1", "-32001", "Log in first",
                                "unauthenticated") "," OK("2", "{}") "," OK("3", "null") "]");
    peer_free(peer);
    stage_free(stage);
}

TEST(codes, type_and_code_name_each_other)
{
    static const enum rpc_code codes[] = {
        RPC_PARSE_ERROR,  RPC_INVALID_REQUEST, RPC_METHOD_NOT_FOUND, RPC_INVALID_PARAMS,
        RPC_INTERNAL,     RPC_UNAUTHENTICATED, RPC_FORBIDDEN,        RPC_NOT_FOUND,
        RPC_TIMEOUT,      RPC_CONFLICT,        RPC_TOO_LARGE,        RPC_REJECTED,
        RPC_RATE_LIMITED, RPC_UNAVAILABLE,     RPC_PLUGIN_ERROR,
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_int_equal(rpc_code_of(bytes_of(rpc_type(codes[i]))), codes[i]);
    }
    assert_int_equal(rpc_code_of(BYTES("nonsense")), 0);
    assert_int_equal(rpc_http_status(RPC_RATE_LIMITED), 429);
}

TEST_MAIN
