/* Calls in flight, rates, floods, draining, want of memory; and that all of it is counted. */
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/metric.h"
#include "tests/unit/session/stage.h"
#include "tests/unit/unit.h"

#define PARSE_ERROR ERR("null", "-32700", "Parse error", "parse_error")

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
    stage_batch(text, sizeof(text), RPC_BATCH_MAX);
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
    stage_batch(text, sizeof(text), RPC_BATCH_MAX);
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

TEST_MAIN
