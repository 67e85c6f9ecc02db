/* Messages of one connection: what is answered, how, and what is not. */
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/metric.h"
#include "tests/unit/session/stage.h"
#include "tests/unit/unit.h"

#define OK(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define ERR(id, code, message, type)                                                               \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" message       \
    "\",\"data\":{\"type\":\"" type "\"}}}"
#define ECHO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"open.echo\"}"
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

static void batch_of(char *text, size_t size, int count)
{
    size_t len = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, size - len,
                                "%s{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"later\"}",
                                i > 0 ? "," : "", i);
    }
    snprintf(text + len, size - len, "]");
}

TEST(batch, of_sixty_five_calls_runs_none_of_them)
{
    static char text[8192];
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    batch_of(text, sizeof(text), RPC_BATCH_MAX + 1);
    peer_say(peer, text);
    assert_string_equal(peer_next(peer), INVALID);
    assert_int_equal(stage->started, 0);
    batch_of(text, sizeof(text), RPC_BATCH_MAX);
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
    batch_of(text, sizeof(text), 3);
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
    batch_of(text, sizeof(text), 2);
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

/* ---- limits ---- */

TEST(flight, sixty_fourth_call_pauses_the_connection_until_one_is_answered)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < RPC_CALLS_IN_FLIGHT_MAX; i++) {
        assert_false(peer->is_paused);
        peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    }
    assert_true(peer->is_paused);
    stage_answer(stage, "1");
    stage_settle(stage);
    assert_false(peer->is_paused);
    peer_free(peer);
    stage_free(stage);
}

TEST(flight, message_read_past_the_limit_waits_and_is_not_lost)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < RPC_CALLS_IN_FLIGHT_MAX + 3; i++) {
        peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    }
    assert_int_equal(stage->started, RPC_CALLS_IN_FLIGHT_MAX);
    stage_answer(stage, "1");
    stage_answer(stage, "1");
    assert_int_equal(stage->started, RPC_CALLS_IN_FLIGHT_MAX); /* not inside of the answer */
    stage_settle(stage);
    assert_int_equal(stage->started, RPC_CALLS_IN_FLIGHT_MAX + 2);
    assert_true(peer->is_paused);
    stage_answer(stage, "1");
    stage_answer(stage, "1");
    stage_settle(stage);
    assert_int_equal(stage->started, RPC_CALLS_IN_FLIGHT_MAX + 3);
    assert_false(peer->is_paused);
    peer_free(peer);
    stage_free(stage);
}

TEST(flight, batch_that_does_not_fit_waits_as_a_whole)
{
    static char text[8192];
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    batch_of(text, sizeof(text), RPC_BATCH_MAX);
    peer_say(peer, text);
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"echo\"}");
    assert_int_equal(stage->started, 1);
    assert_true(peer->is_paused);
    stage_answer(stage, "1");
    stage_settle(stage);
    assert_int_equal(stage->started, 1 + RPC_BATCH_MAX);
    while (stage->held_count > 0) {
        stage_answer(stage, "1");
    }
    stage_settle(stage);
    assert_int_equal(stage->started, 2 + RPC_BATCH_MAX); /* the echo came last */
    assert_false(peer->is_paused);
    peer_free(peer);
    stage_free(stage);
}

TEST(flight, what_waits_goes_with_its_connection)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < RPC_CALLS_IN_FLIGHT_MAX + 3; i++) {
        peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    }
    stage_answer(stage, "1"); /* ready to go on, and gone before it could */
    peer_free(peer);
    stage_settle(stage);
    assert_int_equal(stage->started, RPC_CALLS_IN_FLIGHT_MAX);
    stage_free(stage);
}

TEST(rate, burst_is_served_and_the_next_call_told_when_to_retry)
{
    struct stage *stage = stage_new(true);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < 200; i++) {
        peer_say(peer, ECHO);
        assert_string_equal(peer_next(peer), OK("1", "null"));
    }
    peer_say(peer, ECHO);
    assert_string_equal(
        peer_next(peer),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32029,\"message\":\"Too many calls\","
        "\"data\":{\"type\":\"rate_limited\",\"retryAfterMs\":20}}}");
    clock_test_advance(20);
    peer_say(peer, ECHO);
    assert_string_equal(peer_next(peer), OK("1", "null"));
    peer_free(peer);
    stage_free(stage);
}

TEST(rate, is_shared_by_all_connections_of_a_user_and_by_nobody_else)
{
    struct stage *stage = stage_new(true);
    struct peer *phone = peer_login(stage, 0, "ann", "l1");
    struct peer *laptop = peer_login(stage, 1, "ann", "l2");
    struct peer *bob = peer_login(stage, 1, "bob", "l3");
    for (int i = 0; i < 200; i++) {
        peer_say(phone, ECHO);
    }
    peer_say(laptop, ECHO);
    assert_non_null(strstr(peer_next(laptop), "-32029"));
    peer_say(bob, ECHO);
    assert_string_equal(peer_next(bob), OK("1", "null"));
    peer_free(phone);
    peer_free(laptop);
    peer_free(bob);
    stage_free(stage);
}

TEST(rate, garbage_is_limited_like_calls)
{
    struct stage *stage = stage_new(true);
    struct peer *peer = peer_new(stage, 0);
    for (int i = 0; i < 200; i++) {
        peer_say(peer, "{");
        assert_string_equal(peer_next(peer), PARSE_ERROR);
    }
    peer_say(peer, "{");
    assert_non_null(strstr(peer_next(peer), "\"id\":null,\"error\":{\"code\":-32029"));
    peer_free(peer);
    stage_free(stage);
}

TEST(flood, hundred_and_first_refusal_within_ten_seconds_closes)
{
    struct stage *stage = stage_new(true);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < 200 + SESSION_FLOOD_ANSWERS_MAX; i++) {
        peer_say(peer, ECHO);
    }
    assert_int_equal(peer->close_code, 0);
    peer_say(peer, ECHO);
    assert_int_equal(peer->close_code, CLOSE_FLOODING);
    peer_say(peer, ECHO); /* what was read already is not even looked at */
    assert_int_equal(stage->started, 200);
    peer_free(peer);
    stage_free(stage);
}

TEST(flood, notifications_count)
{
    struct stage *stage = stage_new(true);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < 200 + SESSION_FLOOD_ANSWERS_MAX + 1; i++) {
        peer_say(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}");
    }
    assert_null(peer_next(peer));
    assert_int_equal(peer->close_code, CLOSE_FLOODING);
    peer_free(peer);
    stage_free(stage);
}

TEST(flood, batch_that_floods_is_left_in_the_middle)
{
    static char text[8192];
    struct stage *stage = stage_new(true);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < 200 + SESSION_FLOOD_ANSWERS_MAX; i++) {
        peer_say(peer, ECHO);
    }
    size_t frames = peer->frames_count;
    batch_of(text, sizeof(text), RPC_BATCH_MAX);
    peer_say(peer, text);
    assert_int_equal(peer->close_code, CLOSE_FLOODING);
    assert_int_equal(peer->frames_count, frames);
    assert_int_equal(stage->started, 200);
    peer_free(peer);
    stage_free(stage);
}

TEST(drain, new_calls_are_unavailable_and_those_in_flight_are_answered)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    desk_drain(stage->desks[0]);
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\"}");
    assert_string_equal(peer_next(peer),
                        "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32050,\"message\":"
                        "\"Not available now\","
                        "\"data\":{\"type\":\"unavailable\",\"retryAfterMs\":1000}}}");
    stage_answer(stage, "5");
    assert_string_equal(peer_next(peer), OK("1", "5"));
    peer_free(peer);
    stage_free(stage);
}

TEST(flight, messages_that_come_in_spite_of_the_pause_are_bounded)
{
    static char text[64 * 1024];
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    for (int i = 0; i < RPC_CALLS_IN_FLIGHT_MAX; i++) {
        peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    }
    memset(text, ' ', sizeof(text) - 1);
    memcpy(text, ECHO, sizeof(ECHO) - 1); /* and much space behind it */
    for (int i = 0; i < 4; i++) {
        peer_say(peer, text);
        assert_int_equal(peer->close_code, 0);
    }
    peer_say(peer, text);
    peer_say(peer, text);
    assert_int_equal(peer->close_code, CLOSE_FLOODING);
    peer_free(peer);
    stage_free(stage);
}

/* Every allocation that may fail fails once; nothing is ever lost in silence. */
static void check_faults(const char *text)
{
    for (unsigned nth = 1; nth < 12; nth++) {
        struct stage *stage = stage_new(false);
        struct peer *peer = peer_login(stage, 0, "ann", "l1");
        mem_fault_after(nth);
        peer_say(peer, text);
        while (stage->held_count > 0) {
            stage_answer(stage, "1");
        }
        mem_fault_after(0);
        assert_true(peer->frames_count == 1 || peer->close_code != 0);
        assert_int_equal(desk_calls_in_flight(stage->desks[0]), 0);
        peer_free(peer);
        stage_free(stage);
    }
}

TEST(memory, want_of_it_is_an_error_answer_or_a_closed_connection)
{
    check_faults("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    check_faults("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"fail\"}");
    check_faults("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"},{\"jsonrpc\":\"2.0\","
                 "\"id\":2,\"method\":\"fail\"},3]");
    check_faults("{");
}

TEST(metrics, count_calls_by_how_they_ended)
{
    struct stage *stage = stage_new(false);
    struct metric *good = metric_counter("chattermesh_rpc_calls_total", "outcome=\"ok\"", "");
    struct metric *rejected =
        metric_counter("chattermesh_rpc_calls_total", "outcome=\"rejected\"", "");
    struct metric *connections = metric_gauge("chattermesh_connections", "", "");
    struct metric *sessions = metric_gauge("chattermesh_sessions", "", "");
    int64_t good_before = metric_value(good);
    int64_t rejected_before = metric_value(rejected);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    struct peer *stranger = peer_new(stage, 1);
    assert_int_equal(metric_value(connections), 2);
    assert_int_equal(metric_value(sessions), 1);
    peer_say(peer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"},"
                   "{\"jsonrpc\":\"2.0\",\"method\":\"fail\"}]");
    assert_int_equal(metric_value(good), good_before + 1);
    assert_int_equal(metric_value(rejected), rejected_before + 1);
    peer_free(peer);
    peer_free(stranger);
    assert_int_equal(metric_value(connections), 0);
    assert_int_equal(metric_value(sessions), 0);
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
