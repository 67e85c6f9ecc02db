/*
 * Wall and steady time. Tests put their own clock in their place, so nothing
 * in the host asks the system for the time in any other way (measurements of
 * CPU and of latency excepted).
 */
#ifndef HOST_BASE_CLOCK_H
#define HOST_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_wall_ms(void);     /* since the Unix epoch */
int64_t clock_steady_ms(void);   /* never goes back; its zero means nothing */
uint64_t clock_precise_ns(void); /* for measuring; not affected by tests */

/* From now on both clocks stand still at wall_ms and move by clock_test_advance only. */
void clock_test_start(int64_t wall_ms);
void clock_test_advance(int64_t ms);
void clock_test_stop(void);
bool clock_is_test(void);

#endif
