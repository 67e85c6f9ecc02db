/*
 * CPU limits without a count hook: a periodic timer on the thread's own CPU
 * clock raises a signal, which arms a hook on the running coroutine only when
 * the running event is over its budget. An idle thread gets no signals, and
 * code within its budget runs at full speed.
 */
#ifndef LUA_BUDGET_H
#define LUA_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_TICK_MS 5 /* of CPU time */

/* Once per worker thread, before its first task; 0, ERR_IO. */
int budget_thread_open(void);
void budget_thread_close(void);

#endif
