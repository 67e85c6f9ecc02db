#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/loop/loop.h"
#include "tests/unit/unit.h"

#include <pthread.h>

struct note {
    struct letter letter;
    int *sum;
    int value;
    struct loop *stops;
};

static int order[4];
static int order_count;

static void note_deliver(struct letter *letter)
{
    struct note *note = (struct note *)letter;
    *note->sum += note->value;
    if (order_count < 4) {
        order[order_count++] = note->value;
    }
    if (note->stops != NULL) {
        loop_stop(note->stops);
    }
    mem_free(note);
}

static struct note *note_new(int *sum, int value)
{
    struct note *note = mem_alloc(sizeof(*note));
    note->letter.deliver = note_deliver;
    note->sum = sum;
    note->value = value;
    return note;
}

TEST(loop, letters_arrive_in_the_order_they_were_posted)
{
    struct loop *loop = loop_new();
    int sum = 0;
    order_count = 0;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(loop_post(loop, &note_new(&sum, i)->letter), 0);
    }
    loop_settle(loop);
    assert_int_equal(sum, 6);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 3);
    loop_free(loop);
}

TEST(loop, full_mailbox_leaves_the_letter_with_the_sender_but_takes_an_answer)
{
    struct loop *loop = loop_new();
    int sum = 0;
    for (int i = 0; i < LOOP_MAILBOX_MAX; i++) {
        assert_int_equal(loop_post(loop, &note_new(&sum, 1)->letter), 0);
    }
    struct note *refused = note_new(&sum, 1000);
    assert_int_equal(loop_post(loop, &refused->letter), ERR_FULL);
    mem_free(refused);
    loop_post_answer(loop, &note_new(&sum, 1)->letter);
    loop_settle(loop);
    assert_int_equal(sum, LOOP_MAILBOX_MAX + 1);
    loop_free(loop);
}

TEST(loop, one_turn_delivers_a_bounded_slice_of_a_long_queue)
{
    struct loop *loop = loop_new();
    int sum = 0;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(loop_post(loop, &note_new(&sum, 1)->letter), 0);
    }
    loop_turn(loop, 0);
    assert_in_range(sum, 1, 9999);
    assert_false(loop_is_idle(loop));
    loop_settle(loop);
    assert_int_equal(sum, 10000);
    loop_free(loop);
}

TEST(loop, letters_left_at_the_end_are_delivered_before_it_is_freed)
{
    struct loop *loop = loop_new();
    int sum = 0;
    assert_int_equal(loop_post(loop, &note_new(&sum, 7)->letter), 0);
    loop_free(loop);
    assert_int_equal(sum, 7);
}

TEST(loop, stop_lets_what_was_posted_before_arrive)
{
    struct loop *loop = loop_new();
    int sum = 0;
    struct note *first = note_new(&sum, 1);
    first->stops = loop;
    assert_int_equal(loop_post(loop, &first->letter), 0);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(loop_post(loop, &note_new(&sum, 1)->letter), 0);
    }
    loop_run(loop);
    assert_int_equal(sum, 5001);
    loop_free(loop);
}

struct counting_hook {
    struct turn_hook hook;
    int runs;
    struct loop *leaves;
    struct turn_hook *removes;
};

static void counting_hook_run(struct turn_hook *hook)
{
    struct counting_hook *counting = (struct counting_hook *)hook;
    counting->runs++;
    if (counting->leaves != NULL) {
        loop_off_turn(counting->leaves, counting->removes);
        counting->leaves = NULL;
    }
}

TEST(loop, a_hook_runs_before_the_wait_and_after_it)
{
    struct loop *loop = loop_new();
    struct counting_hook hook = {.hook.run = counting_hook_run};
    loop_on_turn(loop, &hook.hook);
    loop_turn(loop, 0);
    assert_int_equal(hook.runs, 2);
    loop_off_turn(loop, &hook.hook);
    loop_turn(loop, 0);
    assert_int_equal(hook.runs, 2);
    loop_free(loop);
}

TEST(loop, a_hook_may_remove_itself_and_the_next_one_while_they_run)
{
    struct loop *loop = loop_new();
    struct counting_hook last = {.hook.run = counting_hook_run};
    struct counting_hook middle = {.hook.run = counting_hook_run};
    struct counting_hook first = {
        .hook.run = counting_hook_run, .leaves = loop, .removes = &middle.hook};
    loop_on_turn(loop, &last.hook);
    loop_on_turn(loop, &middle.hook);
    loop_on_turn(loop, &first.hook);
    loop_turn(loop, 0);
    assert_int_equal(first.runs, 2);
    assert_int_equal(middle.runs, 0);
    assert_int_equal(last.runs, 2);
    first.leaves = loop;
    first.removes = &first.hook;
    loop_turn(loop, 0);
    assert_int_equal(first.runs, 3);
    assert_int_equal(last.runs, 4);
    loop_off_turn(loop, &last.hook);
    loop_free(loop);
}

#define POSTERS 4
#define POSTS 20000

struct poster {
    struct loop *loop;
    int sum; /* written by the loop's thread only */
};

static void *post_many(void *ctx)
{
    struct poster *poster = ctx;
    for (int i = 0; i < POSTS; i++) {
        struct note *note = note_new(&poster->sum, 1);
        while (loop_post(poster->loop, &note->letter) != 0) {
            sched_yield();
        }
    }
    return NULL;
}

TEST(loop, nothing_is_lost_when_four_threads_post_at_once)
{
    struct loop *loop = loop_new();
    struct poster posters[POSTERS] = {{0}};
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++) {
        posters[i].loop = loop;
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    int sum = 0;
    while (sum < POSTERS * POSTS) {
        loop_turn(loop, -1);
        sum = posters[0].sum + posters[1].sum + posters[2].sum + posters[3].sum;
    }
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(posters[i].sum, POSTS);
    }
    assert_true(loop_is_idle(loop));
    loop_free(loop);
}

static void *ask_if_current(void *ctx)
{
    return loop_is_current(ctx) ? ctx : NULL;
}

TEST(loop, only_the_thread_that_runs_it_is_current)
{
    struct loop *loop = loop_new();
    loop_turn(loop, 0);
    assert_true(loop_is_current(loop));
    pthread_t thread;
    void *result = loop;
    assert_int_equal(pthread_create(&thread, NULL, ask_if_current, loop), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    loop_free(loop);
}

TEST_MAIN
