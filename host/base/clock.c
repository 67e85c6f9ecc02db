#include "host/base/clock.h"

#include "host/base/check.h"

#include <stdatomic.h>
#include <time.h>

/* Atomic, since worker threads read the time while a test moves it. */
static atomic_bool test_on;
static _Atomic int64_t test_wall_ms;
static _Atomic int64_t test_steady_ms;

static int64_t system_ms(clockid_t id)
{
    struct timespec now;
    CHECK(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return clock_is_test() ? atomic_load(&test_wall_ms) : system_ms(CLOCK_REALTIME);
}

int64_t clock_steady_ms(void)
{
    return clock_is_test() ? atomic_load(&test_steady_ms) : system_ms(CLOCK_MONOTONIC);
}

uint64_t clock_precise_ns(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void clock_test_start(int64_t wall_ms)
{
    /* From where the steady clock is, since it never goes back. */
    atomic_store(&test_steady_ms, clock_steady_ms());
    atomic_store(&test_wall_ms, wall_ms);
    atomic_store(&test_on, true);
}

void clock_test_advance(int64_t ms)
{
    CHECK(clock_is_test());
    CHECK(ms >= 0);
    atomic_fetch_add(&test_wall_ms, ms);
    atomic_fetch_add(&test_steady_ms, ms);
}

void clock_test_stop(void)
{
    atomic_store(&test_on, false);
}

bool clock_is_test(void)
{
    return atomic_load_explicit(&test_on, memory_order_acquire);
}
