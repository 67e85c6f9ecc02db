#include "lua/budget.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "lua/cell_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000U
#define TICK_SIGNAL (SIGRTMIN + 1)
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* What the tick's signal handler sees; it gets the address with the signal. */
struct budget_thread {
    struct run *volatile run; /* innermost */
    unsigned depth;
    uint64_t last_ns; /* the thread's CPU time at the last tick */
    timer_t timer;
    bool is_open;
};

static _Thread_local struct budget_thread here;

static const char kill_value = 0;

static void hook(lua_State *L, lua_Debug *ar);

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/*
 * A tick charges the CPU time since the last one to every slice on the stack:
 * a caller pays for what it calls. A slice may have begun in between, and ticks
 * may come late, so none is charged more than the time since it began; and it
 * is over only when past its limit by a whole tick.
 */
static void on_tick(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    if (info->si_code != SI_TIMER || info->si_value.sival_ptr == NULL) {
        return;
    }
    int saved_errno = errno;
    struct budget_thread *thread = info->si_value.sival_ptr;
    uint64_t now = thread_cpu_ns();
    uint64_t used = now - thread->last_ns;
    thread->last_ns = now;
    uint64_t precise_ns = clock_precise_ns();
    for (struct run *run = thread->run; run != NULL; run = run->parent) {
        uint64_t since_ns = precise_ns - run->began_ns;
        run->ticked_ns += used < since_ns ? used : since_ns;
        if (run->ticked_ns > run->limit_ns + (uint64_t)BUDGET_TICK_MS * NS_PER_MS) {
            if (run->killing == KILL_NONE) {
                run->killing = KILL_CPU;
            }
            budget_arm(run); /* again at every tick, should the coroutine have changed */
        }
    }
    errno = saved_errno;
}

static int timer_begin(struct budget_thread *thread)
{
    struct sigevent event = {0};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = TICK_SIGNAL;
    event.sigev_value.sival_ptr = thread;
    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &thread->timer)) {
        return ERR_IO;
    }
    struct itimerspec every = {0};
    every.it_interval.tv_nsec = (long)BUDGET_TICK_MS * (long)NS_PER_MS;
    every.it_value = every.it_interval;
    if (timer_settime(thread->timer, 0, &every, NULL)) {
        timer_delete(thread->timer);
        return ERR_IO;
    }
    return 0;
}

int budget_thread_open(void)
{
    CHECK(!here.is_open);
    struct sigaction action = {0};
    action.sa_sigaction = on_tick;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(TICK_SIGNAL, &action, NULL)) {
        return ERR_IO;
    }
    sigset_t tick;
    sigemptyset(&tick);
    sigaddset(&tick, TICK_SIGNAL);
    if (pthread_sigmask(SIG_UNBLOCK, &tick, NULL)) {
        return ERR_IO;
    }
    here.last_ns = thread_cpu_ns();
    int err = timer_begin(&here);
    here.is_open = err == 0;
    return err;
}

void budget_thread_close(void)
{
    if (!here.is_open) {
        return;
    }
    /* A tick that is already pending is delivered before the mask changes back. */
    timer_delete(here.timer);
    here.is_open = false;
}

void budget_enter(struct run *run)
{
    run->parent = here.run;
    here.depth++;
    atomic_signal_fence(memory_order_seq_cst);
    here.run = run;
    if (run->ticked_ns > run->limit_ns + (uint64_t)BUDGET_TICK_MS * NS_PER_MS) {
        run->killing = KILL_CPU; /* found out while its last slice was ending */
        budget_arm(run);
    }
}

void budget_leave(struct run *run)
{
    CHECK(here.run == run);
    here.run = run->parent;
    atomic_signal_fence(memory_order_seq_cst);
    here.depth--;
}

unsigned budget_depth(void)
{
    return here.depth;
}

/* From a signal handler too: lua_sethook is made for that. */
void budget_arm(struct run *run)
{
    lua_sethook(run->L, hook, LUA_MASKCOUNT, 1);
}

/* The soft limit: what counts is what is left after a collection. */
static void judge_memory(lua_State *L, struct run *run)
{
    struct cell *cell = run->cell;
    lua_gc(L, LUA_GCCOLLECT);
    run->memory_due = 0;
    if (cell->memory > cell->memory_soft && run->killing == KILL_NONE) {
        run->killing = KILL_MEMORY;
        budget_arm(run);
    }
}

void budget_check(lua_State *L)
{
    struct run *run = strand_cell(L)->run;
    if (run == NULL) {
        return;
    }
    if (run->memory_due) {
        judge_memory(L, run);
    }
    if (run->killing) {
        budget_raise(L);
    }
}

static void hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    budget_check(L);
    lua_sethook(L, NULL, 0, 0); /* within its budget after all, or another task's leftover */
}

bool budget_is_killing(lua_State *L)
{
    const struct run *run = strand_cell(L)->run;
    return run != NULL && run->killing;
}

void budget_out_of_memory(lua_State *L)
{
    struct run *run = strand_cell(L)->run;
    if (run != NULL && run->killing == KILL_NONE) {
        run->killing = KILL_MEMORY;
    }
}

void budget_describe(struct run *run, lua_State *L)
{
    if (run->message[0] != '\0') {
        return;
    }
    char place[LUA_IDSIZE + 16];
    traceback_place(L, place, sizeof(place));
    if (run->killing == KILL_CPU) {
        snprintf(run->message, sizeof(run->message), "%sused more than its %llu ms of CPU time",
                 place, (unsigned long long)(run->limit_ns / NS_PER_MS));
    } else {
        snprintf(run->message, sizeof(run->message), "%sused more than its %zu KB of memory", place,
                 run->cell->memory_soft / 1024);
    }
}

int budget_raise(lua_State *L)
{
    struct run *run = strand_cell(L)->run;
    if (run->killed_in != L) { /* once a coroutine, on the way out */
        budget_describe(run, L);
        run->trace_open = run->killed_in != NULL;
        traceback_of(run, L);
        run->killed_in = L;
    }
    /* Whatever runs while the stack unwinds is stopped at its first instruction. */
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&kill_value);
    return lua_error(L);
}
