/* Deliveries to users on two workers, and what happens when one of them does not keep up. */
#include "host/session/audience.h"
#include "tests/unit/session/stage.h"
#include "tests/unit/unit.h"

#include <stdatomic.h>

static size_t letters_delivered;
static void count_letter(struct letter *letter)
{
    letters_delivered++;
    free(letter);
}

TEST(deliver, reaches_every_session_of_every_member_on_both_workers)
{
    struct stage *stage = stage_new(false);
    struct peer *ann = peer_login(stage, 0, "ann", "l1");
    struct peer *ann_tv = peer_login(stage, 1, "ann", "l2");
    struct peer *bob = peer_login(stage, 1, "bob", "l3");
    struct peer *eve = peer_login(stage, 1, "eve", "l4");
    struct peer *nobody = peer_new(stage, 1);
    struct bytes members[] = {BYTES("ann"), BYTES("bob"), BYTES("absent"), BYTES("ann")};
    struct audience *audience = audience_new(members, 4);
    struct frame *frame = event_frame("{\"e\":1}", FRAME_EVENT);
    struct delivery delivery = {.frame = frame};
    hub_deliver(stage->desks[0], audience, &delivery);
    assert_string_equal(peer_next(ann), "{\"e\":1}"); /* the own worker's, at once */
    assert_null(peer_next(bob));
    stage_settle(stage);
    assert_string_equal(peer_next(ann_tv), "{\"e\":1}");
    assert_string_equal(peer_next(bob), "{\"e\":1}");
    assert_null(peer_next(ann));
    assert_null(peer_next(ann_tv));
    assert_null(peer_next(eve));
    assert_null(peer_next(nobody));
    assert_int_equal(atomic_load(&frame->references), 1);
    frame_release(frame);
    audience_release(audience);
    peer_free(ann);
    peer_free(ann_tv);
    peer_free(bob);
    peer_free(eve);
    peer_free(nobody);
    stage_free(stage);
}

TEST(deliver, spares_the_excepted_connection_and_user)
{
    struct stage *stage = stage_new(false);
    struct peer *ann = peer_login(stage, 0, "ann", "l1");
    struct peer *ann_tv = peer_login(stage, 1, "ann", "l2");
    struct peer *bob = peer_login(stage, 1, "bob", "l3");
    struct bytes members[] = {BYTES("ann"), BYTES("bob")};
    struct audience *audience = audience_new(members, 2);
    struct frame *frame = event_frame("{}", FRAME_EVENT);
    struct delivery but_phone = {frame, session_connection(peer_session(ann)), BYTES_NONE};
    hub_deliver(stage->desks[0], audience, &but_phone);
    stage_settle(stage);
    assert_null(peer_next(ann));
    assert_non_null(peer_next(ann_tv));
    assert_non_null(peer_next(bob));
    struct delivery but_ann = {frame, CONNECTION_NONE, BYTES("ann")};
    hub_deliver(stage->desks[1], audience, &but_ann);
    hub_deliver_user(stage->desks[1], BYTES("ann"), &but_ann);
    stage_settle(stage);
    assert_null(peer_next(ann));
    assert_null(peer_next(ann_tv));
    assert_non_null(peer_next(bob));
    frame_release(frame);
    audience_release(audience);
    peer_free(ann);
    peer_free(ann_tv);
    peer_free(bob);
    stage_free(stage);
}

TEST(deliver, keeps_the_order_of_events_and_of_the_closing_behind_them)
{
    struct stage *stage = stage_new(false);
    struct peer *bob = peer_login(stage, 1, "bob", "l3");
    struct frame *one = event_frame("1", FRAME_EVENT);
    struct frame *two = event_frame("2", FRAME_EPHEMERAL);
    struct delivery first = {.frame = one};
    struct delivery second = {.frame = two};
    connection_id connection = session_connection(peer_session(bob));
    hub_deliver_user(stage->desks[0], BYTES("bob"), &first);
    hub_deliver_user(stage->desks[0], BYTES("bob"), &second);
    hub_send(stage->desks[0], connection, one);
    hub_close(stage->desks[0], HUB_BY_CONNECTION, BYTES_NONE, connection, CLOSE_REVOKED,
              BYTES("gone"));
    hub_send(stage->desks[0], connection, two);
    stage_settle(stage);
    assert_string_equal(peer_next(bob), "1");
    assert_string_equal(peer_next(bob), "2");
    assert_string_equal(peer_next(bob), "1");
    assert_null(peer_next(bob));
    assert_int_equal(bob->close_code, CLOSE_REVOKED);
    assert_string_equal(bob->close_reason, "gone");
    frame_release(one);
    frame_release(two);
    peer_free(bob);
    stage_free(stage);
}

TEST(deliver, more_sends_than_a_parcel_holds_all_arrive_in_order)
{
    enum { TIMES = 40000 };
    struct stage *stage = stage_new(false);
    struct peer *bob = peer_login(stage, 1, "bob", "l3");
    struct frame *frames[2] = {event_frame("0", FRAME_EVENT), event_frame("1", FRAME_EVENT)};
    connection_id gone = session_connection(peer_session(bob)) ^ 1; /* other generation */
    for (int i = 0; i < TIMES; i++) {
        bool is_his = i % 100 == 0;
        hub_send(stage->desks[0], is_his ? session_connection(peer_session(bob)) : gone,
                 frames[i / 100 % 2]);
    }
    stage_settle(stage);
    for (int i = 0; i < TIMES / 100; i++) {
        assert_string_equal(peer_next(bob), i % 2 == 0 ? "0" : "1");
    }
    assert_null(peer_next(bob));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(atomic_load(&frames[i]->references), 1);
        frame_release(frames[i]);
    }
    peer_free(bob);
    stage_free(stage);
}

TEST(deliver, thousand_members_are_found_whatever_their_shards)
{
    enum { USERS = 1000 };
    struct stage *stage = stage_new(false);
    static struct peer *peers[USERS];
    static char names[USERS][16];
    static struct bytes members[USERS];
    for (int i = 0; i < USERS; i++) {
        snprintf(names[i], sizeof(names[i]), "user%d", i);
        members[i] = bytes_of(names[i]);
        peers[i] = peer_login(stage, (unsigned)i % STAGE_DESKS, names[i], names[i]);
    }
    struct audience *audience = audience_new(members, USERS);
    struct frame *frame = event_frame("{}", FRAME_EVENT);
    struct delivery delivery = {frame, CONNECTION_NONE, members[500]};
    hub_deliver(stage->desks[0], audience, &delivery);
    stage_settle(stage);
    for (int i = 0; i < USERS; i++) {
        assert_int_equal(peers[i]->frames_count, i != 500);
    }
    for (int i = 0; i < USERS; i += 3) {
        peer_hang_up(peers[i]);
    }
    hub_deliver(stage->desks[1], audience, &delivery);
    stage_settle(stage);
    for (int i = 0; i < USERS; i++) {
        assert_int_equal(peers[i]->frames_count, (i != 500) + (i % 3 != 0 && i != 500));
        peer_free(peers[i]);
    }
    frame_release(frame);
    audience_release(audience);
    stage_free(stage);
}

TEST(deliver, worker_with_a_full_mailbox_tells_its_sessions_to_pull_again)
{
    struct stage *stage = stage_new(false);
    struct peer *ann = peer_login(stage, 0, "ann", "l1");
    struct peer *bob = peer_login(stage, 1, "bob", "l2");
    struct peer *nobody = peer_new(stage, 1);
    struct frame *typing = event_frame("{\"t\":1}", FRAME_EPHEMERAL);
    struct frame *event = event_frame("{\"e\":1}", FRAME_EVENT);
    size_t posted = 0;
    letters_delivered = 0;
    for (;;) {
        struct letter *letter = malloc(sizeof(*letter));
        letter->deliver = count_letter;
        if (loop_post(stage->loops[1], letter) != 0) {
            free(letter);
            break;
        }
        posted++;
    }
    struct delivery delivery = {.frame = typing};
    hub_deliver_user(stage->desks[0], BYTES("bob"), &delivery);
    loop_settle(stage->loops[0]); /* the parcel leaves, and finds no room */
    delivery.frame = event;
    for (int i = 0; i < 3; i++) {
        hub_deliver_user(stage->desks[0], BYTES("bob"), &delivery);
        loop_settle(stage->loops[0]);
    }
    stage_settle(stage);
    assert_int_equal(letters_delivered, posted);
    assert_string_equal(peer_next(bob),
                        "{\"jsonrpc\":\"2.0\",\"method\":\"sync.reset\",\"params\":{}}");
    assert_null(peer_next(bob)); /* once for all that was missed */
    assert_null(peer_next(ann));
    assert_null(peer_next(nobody));
    hub_deliver_user(stage->desks[0], BYTES("bob"), &delivery);
    stage_settle(stage);
    assert_string_equal(peer_next(bob), "{\"e\":1}");
    assert_int_equal(atomic_load(&event->references), 1);
    assert_int_equal(atomic_load(&typing->references), 1);
    frame_release(typing);
    frame_release(event);
    peer_free(ann);
    peer_free(bob);
    peer_free(nobody);
    stage_free(stage);
}

TEST(deliver, what_is_on_its_way_to_a_worker_is_bounded_by_its_bytes)
{
    struct stage *stage = stage_new(false);
    struct peer *bob = peer_login(stage, 1, "bob", "l2");
    char *payload;
    struct frame *frame = frame_new_empty(1U << 20, FRAME_EVENT, &payload);
    memset(payload, ' ', 1U << 20);
    struct delivery delivery = {.frame = frame};
    for (int i = 0; i < 100; i++) {
        hub_deliver_user(stage->desks[0], BYTES("bob"), &delivery);
        loop_settle(stage->loops[0]); /* a parcel each time, and nobody opens them */
    }
    stage_settle(stage);
    assert_true(bob->frames_count < 70);
    assert_string_equal(bob->frames[bob->frames_count - 1],
                        "{\"jsonrpc\":\"2.0\",\"method\":\"sync.reset\",\"params\":{}}");
    assert_int_equal(atomic_load(&frame->references), 1);
    frame_release(frame);
    peer_free(bob);
    stage_free(stage);
}

TEST(close, by_user_spares_the_named_connection)
{
    struct stage *stage = stage_new(false);
    struct peer *ann = peer_login(stage, 0, "ann", "l1");
    struct peer *ann_tv = peer_login(stage, 1, "ann", "l2");
    struct peer *ann_pc = peer_login(stage, 0, "ann", "l3");
    struct peer *bob = peer_login(stage, 1, "bob", "l4");
    hub_close(stage->desks[0], HUB_BY_USER, BYTES("ann"), session_connection(peer_session(ann)),
              CLOSE_REVOKED, BYTES("all out"));
    struct hub_session left[2];
    assert_int_equal(hub_sessions_of(stage->hub, BYTES("ann"), left, 2), 1); /* from now on */
    assert_string_equal(left[0].session_id, "l1");
    stage_settle(stage);
    assert_int_equal(ann->close_code, 0);
    assert_int_equal(ann_tv->close_code, CLOSE_REVOKED);
    assert_int_equal(ann_pc->close_code, CLOSE_REVOKED);
    assert_int_equal(bob->close_code, 0);
    peer_free(ann);
    peer_free(ann_tv);
    peer_free(ann_pc);
    peer_free(bob);
    assert_int_equal(stage->closed, 4);
    stage_free(stage);
}

TEST(close, by_login_spares_the_named_connection_and_forgives_unknown_ones)
{
    struct stage *stage = stage_new(false);
    struct peer *ann = peer_login(stage, 0, "ann", "l1");
    connection_id connection = session_connection(peer_session(ann));
    hub_close(stage->desks[1], HUB_BY_LOGIN, BYTES("l1"), connection, CLOSE_REVOKED, BYTES_NONE);
    hub_close(stage->desks[1], HUB_BY_LOGIN, BYTES("l2"), CONNECTION_NONE, CLOSE_REVOKED,
              BYTES_NONE);
    hub_close(stage->desks[1], HUB_BY_USER, BYTES("eve"), CONNECTION_NONE, CLOSE_REVOKED,
              BYTES_NONE);
    stage_settle(stage);
    assert_int_equal(ann->close_code, 0);
    hub_close(stage->desks[1], HUB_BY_LOGIN, BYTES("l1"), CONNECTION_NONE, CLOSE_REVOKED,
              BYTES_NONE);
    stage_settle(stage);
    assert_int_equal(ann->close_code, CLOSE_REVOKED);
    peer_free(ann);
    stage_free(stage);
}

TEST(hub, tells_how_many_sessions_there_are_however_few_are_asked_for)
{
    struct stage *stage = stage_new(false);
    struct peer *first = peer_login(stage, 0, "ann", "l1");
    struct peer *second = peer_login(stage, 1, "ann", "l2");
    struct hub_session found[1];
    assert_int_equal(hub_sessions_of(stage->hub, BYTES("ann"), NULL, 0), 2);
    assert_int_equal(hub_sessions_of(stage->hub, BYTES("ann"), found, 1), 2);
    assert_string_equal(found[0].device_id, "phone");
    assert_int_equal(found[0].opened_at_ms, 1700000000000);
    assert_int_equal(hub_sessions_of(stage->hub, BYTES("bob"), found, 1), 0);
    assert_int_equal(hub_workers(stage->hub), STAGE_DESKS);
    peer_free(first);
    peer_free(second);
    stage_free(stage);
}

TEST_MAIN
