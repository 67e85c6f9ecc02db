#include "host/base/clock.h"
#include "host/loop/loop.h"
#include "host/loop/timer.h"
#include "tests/unit/unit.h"

#define TIMERS 200

struct probe {
    struct timer timer;
    int64_t fired_ms;
    int fires;
    int restarts;
    struct timer *stops;
};

static struct probe *fired[TIMERS];
static int fired_count;

static void probe_fire(struct timer *timer)
{
    struct probe *probe = (struct probe *)timer;
    probe->fired_ms = clock_steady_ms();
    probe->fires++;
    if (fired_count < TIMERS) {
        fired[fired_count++] = probe;
    }
    if (probe->restarts > 0) {
        probe->restarts--;
        timer_start(timer, 0);
    }
    if (probe->stops != NULL) {
        timer_stop(probe->stops);
    }
}

static struct loop *start(void)
{
    clock_test_start(1000000);
    fired_count = 0;
    return loop_new();
}

static void end(struct loop *loop)
{
    loop_free(loop);
    clock_test_stop();
}

TEST(timer, fires_when_the_clock_has_come_to_it_and_not_before)
{
    struct loop *loop = start();
    struct probe probe = {0};
    timer_open(&probe.timer, loop, probe_fire);
    timer_start(&probe.timer, 100);
    assert_int_equal(timer_next_ms(loop), 100);
    clock_test_advance(99);
    loop_turn(loop, 0);
    assert_int_equal(probe.fires, 0);
    clock_test_advance(1);
    assert_false(loop_is_idle(loop));
    loop_turn(loop, 0);
    assert_int_equal(probe.fires, 1);
    assert_false(timer_is_armed(&probe.timer));
    assert_int_equal(timer_next_ms(loop), -1);
    end(loop);
}

TEST(timer, many_fire_in_the_order_of_their_times)
{
    struct loop *loop = start();
    static struct probe probes[TIMERS];
    memset(probes, 0, sizeof(probes));
    for (int i = 0; i < TIMERS; i++) {
        timer_open(&probes[i].timer, loop, probe_fire);
        timer_start(&probes[i].timer, (i * 37) % 50);
    }
    for (int i = 0; i < TIMERS; i += 3) {
        timer_stop(&probes[i].timer);
    }
    clock_test_advance(50);
    loop_turn(loop, 0);
    assert_int_equal(fired_count, TIMERS - (TIMERS + 2) / 3);
    for (int i = 1; i < fired_count; i++) {
        assert_true(
            fired[i - 1]->timer.due_ms < fired[i]->timer.due_ms ||
            (fired[i - 1]->timer.due_ms == fired[i]->timer.due_ms && fired[i - 1] < fired[i]));
    }
    end(loop);
}

TEST(timer, starting_an_armed_one_moves_it)
{
    struct loop *loop = start();
    struct probe probe = {0};
    timer_open(&probe.timer, loop, probe_fire);
    timer_start(&probe.timer, 10);
    timer_start(&probe.timer, 1000);
    clock_test_advance(999);
    loop_turn(loop, 0);
    assert_int_equal(probe.fires, 0);
    timer_start(&probe.timer, 0);
    loop_turn(loop, 0);
    assert_int_equal(probe.fires, 1);
    end(loop);
}

TEST(timer, one_restarted_without_delay_fires_once_a_turn)
{
    struct loop *loop = start();
    struct probe probe = {.restarts = 3};
    timer_open(&probe.timer, loop, probe_fire);
    probe.restarts = 3;
    timer_start(&probe.timer, 0);
    loop_turn(loop, 0);
    assert_int_equal(probe.fires, 1);
    loop_settle(loop);
    assert_int_equal(probe.fires, 4);
    end(loop);
}

TEST(timer, one_that_fires_may_stop_another_that_is_due_too)
{
    struct loop *loop = start();
    struct probe second = {0};
    struct probe first = {0};
    timer_open(&first.timer, loop, probe_fire);
    timer_open(&second.timer, loop, probe_fire);
    first.stops = &second.timer;
    timer_start(&first.timer, 5);
    timer_start(&second.timer, 5);
    clock_test_advance(5);
    loop_settle(loop);
    assert_int_equal(first.fires, 1);
    assert_int_equal(second.fires, 0);
    end(loop);
}

TEST(timer, a_waiting_loop_wakes_for_it_on_the_real_clock)
{
    struct loop *loop = loop_new();
    struct probe probe = {0};
    timer_open(&probe.timer, loop, probe_fire);
    timer_start(&probe.timer, 2);
    int64_t due_ms = probe.timer.due_ms;
    while (probe.fires == 0) {
        loop_turn(loop, -1);
    }
    assert_true(probe.fired_ms >= due_ms);
    loop_free(loop);
}

TEST_MAIN
