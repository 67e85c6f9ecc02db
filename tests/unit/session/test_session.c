/* A connection's life: deadlines, logins, replacing, and the names of connections. */
#include "host/base/clock.h"
#include "host/base/err.h"
#include "tests/unit/session/stage.h"
#include "tests/unit/unit.h"

TEST(deadline, connection_without_login_is_closed_after_ten_seconds)
{
    struct stage *stage = stage_new(false);
    struct peer *early = peer_new(stage, 0);
    clock_test_advance(4000);
    struct peer *late = peer_new(stage, 0);
    clock_test_advance(5999);
    stage_settle(stage);
    assert_int_equal(early->close_code, 0);
    clock_test_advance(1);
    stage_settle(stage);
    assert_int_equal(early->close_code, CLOSE_UNAUTHENTICATED);
    assert_int_equal(late->close_code, 0);
    clock_test_advance(4000);
    stage_settle(stage);
    assert_int_equal(late->close_code, CLOSE_UNAUTHENTICATED);
    peer_free(early);
    peer_free(late);
    stage_free(stage);
}

TEST(deadline, calls_and_failed_logins_do_not_move_it)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_new(stage, 0);
    clock_test_advance(9000);
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"login\",\"params\":{}}");
    assert_non_null(strstr(peer_next(peer), "ERR_INVALID"));
    clock_test_advance(1000);
    stage_settle(stage);
    assert_int_equal(peer->close_code, CLOSE_UNAUTHENTICATED);
    peer_free(peer);
    stage_free(stage);
}

TEST(deadline, login_ends_it_whoever_logs_in)
{
    struct stage *stage = stage_new(false);
    struct peer *peers[3];
    for (int i = 0; i < 3; i++) {
        peers[i] = peer_new(stage, 0);
    }
    /* The middle, the first and then the last of the list leave it. */
    assert_int_equal(session_bind(peer_session(peers[1]), BYTES("b"), BYTES("d"), BYTES("lb")), 0);
    assert_int_equal(session_bind(peer_session(peers[0]), BYTES("a"), BYTES("d"), BYTES("la")), 0);
    assert_int_equal(session_bind(peer_session(peers[2]), BYTES("c"), BYTES("d"), BYTES("lc")), 0);
    clock_test_advance(60000);
    stage_settle(stage);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(peers[i]->close_code, 0);
        peer_free(peers[i]);
    }
    stage_free(stage);
}

TEST(deadline, login_that_comes_too_late_is_refused)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_new(stage, 0);
    clock_test_advance(10000);
    stage_settle(stage);
    assert_int_equal(session_bind(peer_session(peer), BYTES("a"), BYTES("d"), BYTES("l")),
                     ERR_CLOSED);
    assert_int_equal(stage->opened, 0);
    peer_free(peer);
    assert_int_equal(stage->closed, 0);
    stage_free(stage);
}

TEST(bind, gives_the_session_its_names_and_tells_once)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_new(stage, 0);
    assert_null(session_user_id(peer_session(peer)));
    assert_int_equal(session_bind(peer_session(peer), BYTES("ann"), BYTES("tv"), BYTES("l1")), 0);
    assert_int_equal(session_bind(peer_session(peer), BYTES("ann"), BYTES("tv"), BYTES("l1")), 0);
    assert_string_equal(session_user_id(peer_session(peer)), "ann");
    assert_string_equal(session_device_id(peer_session(peer)), "tv");
    assert_string_equal(session_login_id(peer_session(peer)), "l1");
    assert_int_equal(stage->opened, 1);
    assert_int_equal(stage->last_count, 1);
    assert_int_equal(desk_sessions(stage->desks[0]), 1);
    peer_free(peer);
    assert_int_equal(stage->closed, 1);
    assert_int_equal(stage->last_count, 0);
    assert_string_equal(stage->last_user, "ann");
    assert_int_equal(desk_sessions(stage->desks[0]), 0);
    stage_free(stage);
}

TEST(bind, another_login_on_the_same_connection_is_refused)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    assert_int_equal(session_bind(peer_session(peer), BYTES("ann"), BYTES("tv"), BYTES("l2")),
                     ERR_EXISTS);
    assert_int_equal(session_bind(peer_session(peer), BYTES("bob"), BYTES("tv"), BYTES("l1")),
                     ERR_EXISTS);
    assert_string_equal(session_login_id(peer_session(peer)), "l1");
    peer_free(peer);
    stage_free(stage);
}

TEST(bind, names_over_64_bytes_empty_ones_and_those_with_nul_are_invalid)
{
    char longest[65];
    memset(longest, 'x', sizeof(longest));
    struct bytes fits = {longest, 64};
    struct bytes too_long = {longest, 65};
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_new(stage, 0);
    struct session *session = peer_session(peer);
    assert_int_equal(session_bind(session, too_long, fits, fits), ERR_INVALID);
    assert_int_equal(session_bind(session, fits, too_long, fits), ERR_INVALID);
    assert_int_equal(session_bind(session, fits, fits, too_long), ERR_INVALID);
    assert_int_equal(session_bind(session, BYTES_NONE, fits, fits), ERR_INVALID);
    assert_int_equal(session_bind(session, BYTES("a\0b"), fits, fits), ERR_INVALID);
    assert_int_equal(session_bind(session, fits, fits, fits), 0);
    struct hub_session found;
    assert_int_equal(hub_sessions_of(stage->hub, fits, &found, 1), 1);
    assert_memory_equal(found.session_id, longest, 64);
    assert_int_equal(found.session_id[64], 0);
    peer_free(peer);
    stage_free(stage);
}

static void check_replacing(unsigned first, unsigned second)
{
    struct stage *stage = stage_new(false);
    struct peer *older = peer_login(stage, first, "ann", "l1");
    struct peer *other = peer_login(stage, first, "ann", "l2");
    struct peer *newer = peer_login(stage, second, "ann", "l1");
    assert_int_equal(stage->last_count, 2);
    stage_settle(stage);
    assert_int_equal(older->close_code, CLOSE_REPLACED);
    assert_int_equal(other->close_code, 0);
    assert_int_equal(newer->close_code, 0);
    peer_hang_up(older);
    assert_int_equal(stage->last_count, 2);
    struct hub_session found[4];
    assert_int_equal(hub_sessions_of(stage->hub, BYTES("ann"), found, 4), 2);
    hub_close(stage->desks[0], HUB_BY_LOGIN, BYTES("l1"), CONNECTION_NONE, CLOSE_REVOKED,
              BYTES_NONE);
    stage_settle(stage);
    assert_int_equal(newer->close_code, CLOSE_REVOKED);
    assert_int_equal(other->close_code, 0);
    peer_free(older);
    peer_free(other);
    peer_free(newer);
    assert_int_equal(stage->opened, 3);
    assert_int_equal(stage->closed, 3);
    stage_free(stage);
}

TEST(bind, newer_connection_of_a_login_replaces_the_older_on_its_worker)
{
    check_replacing(0, 0);
}

TEST(bind, newer_connection_of_a_login_replaces_the_older_on_another_worker)
{
    check_replacing(0, 1);
    check_replacing(1, 0);
}

TEST(bind, login_that_changes_its_user_replaces_all_the_same)
{
    struct stage *stage = stage_new(false);
    struct peer *ann = peer_login(stage, 0, "ann", "l1");
    struct peer *bob = peer_login(stage, 1, "bob", "l1");
    stage_settle(stage);
    assert_int_equal(ann->close_code, CLOSE_REPLACED);
    peer_free(ann);
    hub_close(stage->desks[0], HUB_BY_LOGIN, BYTES("l1"), CONNECTION_NONE, CLOSE_REVOKED,
              BYTES_NONE);
    stage_settle(stage);
    assert_int_equal(bob->close_code, CLOSE_REVOKED);
    peer_free(bob);
    stage_free(stage);
}

TEST(bind, sixty_fifth_session_of_a_user_closes_the_oldest)
{
    struct stage *stage = stage_new(false);
    struct peer *peers[HUB_USER_SESSIONS_MAX + 1];
    for (int i = 0; i <= HUB_USER_SESSIONS_MAX; i++) {
        char login[16];
        snprintf(login, sizeof(login), "l%d", i);
        peers[i] = peer_login(stage, (unsigned)i % STAGE_DESKS, "ann", login);
        assert_int_equal(stage->last_count, i < HUB_USER_SESSIONS_MAX ? i + 1 : i);
    }
    stage_settle(stage);
    assert_int_equal(peers[0]->close_code, CLOSE_REPLACED);
    for (int i = 0; i <= HUB_USER_SESSIONS_MAX; i++) {
        assert_int_equal(peers[i]->close_code, i == 0 ? CLOSE_REPLACED : 0);
        peer_free(peers[i]);
    }
    stage_free(stage);
}

TEST(connection, id_never_names_another_connection)
{
    struct stage *stage = stage_new(false);
    struct frame *frame = event_frame("{}", FRAME_EVENT);
    struct peer *first = peer_new(stage, 1);
    connection_id gone = session_connection(peer_session(first));
    assert_true(gone != CONNECTION_NONE);
    peer_free(first);
    struct peer *second = peer_new(stage, 1);
    assert_true(session_connection(peer_session(second)) != gone);
    hub_send(stage->desks[1], gone, frame);
    hub_send(stage->desks[0], gone, frame);
    hub_close(stage->desks[0], HUB_BY_CONNECTION, BYTES_NONE, gone, CLOSE_REVOKED, BYTES_NONE);
    stage_settle(stage);
    assert_null(peer_next(second));
    assert_int_equal(second->close_code, 0);
    hub_send(stage->desks[0], session_connection(peer_session(second)), frame);
    stage_settle(stage);
    assert_string_equal(peer_next(second), "{}");
    peer_free(second);
    frame_release(frame);
    stage_free(stage);
}

TEST(connection, ids_of_nowhere_are_dropped)
{
    struct stage *stage = stage_new(false);
    struct frame *frame = event_frame("{}", FRAME_EVENT);
    static const connection_id nowhere[] = {CONNECTION_NONE, UINT64_MAX, UINT64_C(5) << 56 | 1,
                                            UINT64_C(0xffffff) << 32 | 1};
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        hub_send(stage->desks[0], nowhere[i], frame);
        hub_close(stage->desks[0], HUB_BY_CONNECTION, BYTES_NONE, nowhere[i], CLOSE_REVOKED,
                  BYTES_NONE);
    }
    stage_settle(stage);
    frame_release(frame);
    stage_free(stage);
}

TEST(ending, call_that_ends_its_own_session_is_answered_first)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"quit\"}");
    assert_string_equal(peer_next(peer), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    assert_int_equal(peer->close_code, CLOSE_REVOKED);
    assert_string_equal(peer->close_reason, "bye");
    peer_free(peer);
    stage_free(stage);
}

TEST(ending, session_that_ends_answers_what_is_in_flight_and_starts_nothing_more)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    struct peer *other = peer_login(stage, 1, "bob", "l2");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"}");
    hub_close(stage->desks[1], HUB_BY_USER, BYTES("ann"), CONNECTION_NONE, CLOSE_REVOKED,
              BYTES_NONE);
    stage_settle(stage);
    assert_int_equal(peer->close_code, 0);
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\"}");
    assert_null(peer_next(peer));
    struct frame *frame = event_frame("{}", FRAME_EVENT);
    struct delivery delivery = {.frame = frame};
    hub_deliver_user(stage->desks[0], BYTES("ann"), &delivery);
    assert_null(peer_next(peer));
    stage_answer(stage, "5");
    assert_string_equal(peer_next(peer), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}");
    assert_int_equal(peer->close_code, CLOSE_REVOKED);
    frame_release(frame);
    peer_free(peer);
    peer_free(other);
    stage_free(stage);
}

TEST(ending, batch_that_ends_its_session_is_answered_whole_and_runs_no_further)
{
    struct stage *stage = stage_new(false);
    struct peer *peer = peer_login(stage, 0, "ann", "l1");
    peer_say(peer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"later\"},"
                   "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"quit\"},"
                   "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"echo\"}]");
    assert_int_equal(stage->started, 2);
    assert_int_equal(peer->close_code, 0);
    stage_answer(stage, "5");
    const char *answer = peer_next(peer);
    assert_non_null(strstr(answer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}"));
    assert_non_null(strstr(answer, "\"id\":3,\"error\":{\"code\":-32001"));
    assert_non_null(strstr(answer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}"));
    assert_int_equal(peer->close_code, CLOSE_REVOKED);
    peer_free(peer);
    stage_free(stage);
}

TEST_MAIN
