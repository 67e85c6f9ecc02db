#include "host/net/outbox.h"
#include "tests/unit/unit.h"

/* Frames of 10 bytes each: 2 of header, 8 of payload. */
#define FRAME_LEN 10
#define BYTES_MAX 100

static struct outbox box;
static struct outbox_rule rule;
static struct frame *answer;
static struct frame *event;
static struct frame *typing;
static uint32_t dropped;

static void setup(void)
{
    memset(&box, 0, sizeof(box));
    answer = frame_new(BYTES("answer.."), FRAME_ANSWER);
    event = frame_new(BYTES("event..."), FRAME_EVENT);
    typing = frame_new(BYTES("typing.."), FRAME_EPHEMERAL);
    rule = (struct outbox_rule){BYTES_MAX, frame_new(BYTES("reset..."), FRAME_ANSWER)};
    dropped = 0;
}

static void teardown(void)
{
    outbox_close(&box);
    struct frame *all[] = {answer, event, typing, rule.reset_frame};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(all[i]->references, 1); /* the box has let go of every one */
        frame_release(all[i]);
    }
}

static enum outbox_result push(struct frame *frame)
{
    return outbox_push(&box, &rule, frame, &dropped);
}

static void push_many(struct frame *frame, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(push(frame), OUTBOX_QUEUED);
    }
}

/* Writes everything; returns the first letters of what was written. */
static const char *drain(void)
{
    static char letters[64];
    size_t len = 0;
    struct iovec vectors[4];
    for (int n = outbox_peek(&box, vectors, 4, 1000); n > 0;
         n = outbox_peek(&box, vectors, 4, 1000)) {
        size_t bytes = 0;
        for (int i = 0; i < n; i++) {
            letters[len++] = ((char *)vectors[i].iov_base)[2];
            bytes += vectors[i].iov_len;
        }
        assert_int_equal(outbox_advance(&box, &rule, bytes), n);
    }
    letters[len] = '\0';
    return letters;
}

TEST(outbox, frames_leave_in_the_order_they_came)
{
    setup();
    assert_int_equal(push(event), OUTBOX_QUEUED);
    assert_int_equal(push(answer), OUTBOX_QUEUED);
    assert_int_equal(push(typing), OUTBOX_QUEUED);
    assert_string_equal(drain(), "eat");
    assert_true(box.capacity <= 16); /* an idle connection pays next to nothing */
    teardown();
}

TEST(outbox, ephemeral_frames_are_dropped_first_when_it_is_half_full)
{
    setup();
    push_many(typing, 5);
    assert_int_equal(push(typing), OUTBOX_DROPPED);
    assert_int_equal(push(event), OUTBOX_QUEUED);
    assert_int_equal(dropped, 1);
    assert_string_equal(drain(), "ttttte");
    teardown();
}

TEST(outbox, an_event_that_does_not_fit_leaves_answers_and_one_reset)
{
    setup();
    push_many(answer, 2);
    push_many(typing, 1);
    push_many(event, 7);
    assert_int_equal(box.bytes, BYTES_MAX);
    assert_int_equal(push(event), OUTBOX_RESET);
    assert_int_equal(dropped, 9);
    assert_int_equal(push(event), OUTBOX_DROPPED); /* the reset is not written yet */
    assert_int_equal(push(answer), OUTBOX_QUEUED);
    assert_int_equal(box.bytes, 4 * FRAME_LEN);
    assert_string_equal(drain(), "aara");
    teardown();
}

TEST(outbox, after_the_reset_is_written_events_flow_again)
{
    setup();
    push_many(event, 10);
    assert_int_equal(push(event), OUTBOX_RESET);
    assert_string_equal(drain(), "r");
    push_many(event, 10);
    assert_int_equal(push(event), OUTBOX_RESET);
    assert_string_equal(drain(), "r");
    teardown();
}

TEST(outbox, a_frame_half_written_is_finished_before_the_reset)
{
    setup();
    struct iovec vectors[2];
    push_many(event, 10);
    assert_int_equal(outbox_advance(&box, &rule, 3), 0);
    push_many(answer, 0);
    assert_int_equal(outbox_push(&box, &rule, event, &dropped), OUTBOX_RESET);
    assert_int_equal(outbox_peek(&box, vectors, 2, 1000), 2);
    assert_int_equal(vectors[0].iov_len, FRAME_LEN - 3);
    assert_memory_equal(vectors[0].iov_base, event->data + 3, FRAME_LEN - 3);
    assert_memory_equal(vectors[1].iov_base, rule.reset_frame->data, FRAME_LEN);
    teardown();
}

TEST(outbox, answers_are_never_dropped_and_say_when_it_is_over)
{
    setup();
    push_many(answer, 10);
    assert_false(outbox_is_over(&box, &rule));
    push_many(answer, 10);
    assert_true(outbox_is_over(&box, &rule));
    assert_int_equal(push(event), OUTBOX_RESET);
    assert_string_equal(drain(), "aaaaaaaaaaaaaaaaaaaar");
    assert_int_equal(dropped, 1);
    teardown();
}

TEST(outbox, an_event_larger_than_the_whole_box_is_a_reset)
{
    setup();
    rule.bytes_max = FRAME_LEN - 1;
    assert_int_equal(push(event), OUTBOX_RESET);
    assert_string_equal(drain(), "r");
    teardown();
}

TEST(outbox, peek_gives_at_most_what_one_write_should_take_but_always_one)
{
    setup();
    struct iovec vectors[8];
    push_many(answer, 8);
    assert_int_equal(outbox_peek(&box, vectors, 8, 35), 3);
    assert_int_equal(outbox_peek(&box, vectors, 8, 1), 1);
    assert_int_equal(outbox_peek(&box, vectors, 2, 1000), 2);
    teardown();
}

TEST(outbox, clearing_keeps_only_what_is_half_written)
{
    setup();
    push_many(event, 2);
    push_many(answer, 2);
    assert_int_equal(outbox_advance(&box, &rule, FRAME_LEN + 1), 1);
    outbox_clear(&box);
    assert_int_equal(box.count, 1);
    assert_int_equal(box.bytes, FRAME_LEN - 1);
    teardown();
}

TEST(outbox, the_ring_grows_while_it_is_wrapped)
{
    setup();
    rule.bytes_max = 100000;
    for (int round = 0; round < 50; round++) {
        push_many(event, 3);
        push_many(answer, 1);
        assert_int_equal(outbox_advance(&box, &rule, 2 * FRAME_LEN), 2);
    }
    assert_int_equal(box.count, 100);
    assert_int_equal(box.bytes, 100 * FRAME_LEN);
    teardown();
}

TEST_MAIN
