#include "host/base/clock.h"
#include "tests/unit/unit.h"

TEST(clock, test_time_moves_only_when_it_is_told_to)
{
    clock_test_start(1000);
    int64_t steady = clock_steady_ms();
    assert_true(clock_is_test());
    assert_int_equal(clock_wall_ms(), 1000);
    clock_test_advance(7000);
    assert_int_equal(clock_wall_ms(), 8000);
    assert_int_equal(clock_steady_ms() - steady, 7000);
    clock_test_stop();
    assert_false(clock_is_test());
    assert_true(clock_wall_ms() > 1600000000000);
}

TEST_MAIN
