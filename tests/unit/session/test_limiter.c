#include "host/base/clock.h"
#include "host/session/limiter.h"
#include "tests/unit/unit.h"

static struct limiter *start(void)
{
    clock_test_start(0);
    return limiter_new();
}

static void stop(struct limiter *limiter)
{
    limiter_free(limiter);
    clock_test_stop();
}

TEST(limiter, burst_passes_and_then_the_rate)
{
    struct limiter *limiter = start();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(limiter_take(limiter, BYTES("a"), 10, 5), 0);
    }
    assert_int_equal(limiter_take(limiter, BYTES("a"), 10, 5), 100);
    clock_test_advance(99);
    assert_int_equal(limiter_take(limiter, BYTES("a"), 10, 5), 1);
    clock_test_advance(1);
    assert_int_equal(limiter_take(limiter, BYTES("a"), 10, 5), 0);
    assert_int_equal(limiter_take(limiter, BYTES("a"), 10, 5), 100);
    stop(limiter);
}

TEST(limiter, rest_fills_the_bucket_to_its_burst_and_no_further)
{
    struct limiter *limiter = start();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            assert_int_equal(limiter_take(limiter, BYTES("a"), 10, 5), 0);
        }
        assert_int_equal(limiter_take(limiter, BYTES("a"), 10, 5), 100);
        clock_test_advance(3600 * 1000);
    }
    stop(limiter);
}

TEST(limiter, keys_do_not_share)
{
    struct limiter *limiter = start();
    assert_int_equal(limiter_take(limiter, BYTES("a"), 1, 1), 0);
    assert_int_equal(limiter_take(limiter, BYTES("b"), 1, 1), 0);
    assert_int_equal(limiter_take(limiter, BYTES_NONE, 1, 1), 0);
    assert_int_equal(limiter_take(limiter, BYTES("a"), 1, 1), 1000);
    stop(limiter);
}

TEST(limiter, being_refused_costs_nothing)
{
    struct limiter *limiter = start();
    assert_int_equal(limiter_take(limiter, BYTES("a"), 1, 1), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(limiter_take(limiter, BYTES("a"), 1, 1), 1000);
    }
    clock_test_advance(1000);
    assert_int_equal(limiter_take(limiter, BYTES("a"), 1, 1), 0);
    stop(limiter);
}

TEST(limiter, senseless_limits_still_let_one_pass_and_say_when)
{
    struct limiter *limiter = start();
    assert_int_equal(limiter_take(limiter, BYTES("a"), 0, 0), 0);
    assert_true(limiter_take(limiter, BYTES("a"), 0, 0) > 0);
    assert_int_equal(limiter_take(limiter, BYTES("b"), -1, -1), 0);
    assert_true(limiter_take(limiter, BYTES("b"), -1, -1) > 0);
    stop(limiter);
}

TEST(limiter, more_keys_than_buckets_do_not_free_the_one_that_is_emptiest)
{
    struct limiter *limiter = start();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(limiter_take(limiter, BYTES("flood"), 1, 100), 0);
    }
    for (uint32_t i = 0; i < LIMITER_BUCKETS_MAX * 2; i++) {
        struct bytes key = {(const char *)&i, sizeof(i)};
        assert_int_equal(limiter_take(limiter, key, 1, 100), 0);
    }
    assert_int_equal(limiter_take(limiter, BYTES("flood"), 1, 100), 1000);
    stop(limiter);
}

TEST_MAIN
