/*
 * What the files of a cell share: the cell, the slice that runs in it, and the
 * functions of the sandboxed libraries that need each other.
 */
#ifndef LUA_CELL_PRIVATE_H
#define LUA_CELL_PRIVATE_H

#include "host/loop/timer.h"
#include "lua/cell.h"
#include "lua/gate.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdatomic.h>

#define CELL_NAME_MAX 64
#define CELL_POOL_MAX 1024 /* idle coroutines that are kept; 1 KB each */
#define CELL_MESSAGE_MAX 512
#define CELL_TRACE_MAX 2048
#define CELL_STRING_SHARE 2         /* a library's string is at most this part of the soft limit */
#define CELL_OWN_COROUTINES_SHARE 4 /* the last quarter of them is kept for tasks */
#define GATE_NESTING_MAX 8          /* tasks running inside each other's host calls */
#define POLL_STEPS 4096             /* turns of a C loop between two looks at the budget */

enum kill { KILL_NONE, KILL_CPU, KILL_MEMORY };

/* One slice of a task: from task_run or task_resume until it waits or ends. On the gate's C stack.
 */
struct run {
    struct run *parent;      /* the thread's */
    struct run *cell_parent; /* the same cell's */
    struct cell *cell;
    struct task *task;
    lua_State *volatile L;            /* the coroutine that runs now */
    volatile sig_atomic_t killing;    /* an enum kill; set, it stays set */
    volatile sig_atomic_t memory_due; /* the soft limit was crossed: collect, then judge */
    uint64_t began_ns;                /* the slice, by the precise clock */
    uint64_t limit_ns;
    volatile uint64_t ticked_ns;
    bool may_wait; /* every C call below L lets a wait pass */
    bool now;      /* task_run_now */
    bool suspended;
    lua_State *killed_in; /* where the kill was raised last */
    bool trace_open;      /* a wrapped coroutine's frames are in trace, its caller's will follow */
    size_t trace_len;
    void *result; /* lent by task_resume until finish ran */
    task_discard discard;
    char message[CELL_MESSAGE_MAX];
    char trace[CELL_TRACE_MAX];
};

struct slot {
    struct task *task;
    uint64_t generation;
    uint32_t next_free;
};

struct cell {
    lua_State *L;
    char plugin[CELL_NAME_MAX];
    char version[CELL_NAME_MAX];
    uint64_t generation;
    unsigned worker;
    struct loop *loop;
    void *owner;

    size_t memory;
    size_t memory_peak;
    size_t memory_soft;
    size_t memory_hard;
    size_t string_max;
    uint32_t cpu_ms_max;
    uint32_t wall_ms_max;

    struct run *run;       /* the innermost slice in this cell */
    struct task *parked;   /* doubly linked */
    struct timer deadline; /* for the earliest of the parked tasks, or earlier */
    struct slot *slots;    /* of tasks that took a ticket */
    uint32_t slots_count;
    uint32_t slots_free; /* index + 1; 0: none */

    struct pooled {
        lua_State *co;
        int ref;
    } pool[CELL_POOL_MAX];
    uint32_t pool_count;
    uint32_t coroutines_max;
    uint32_t task_coroutines; /* pooled ones included */
    uint32_t own_coroutines;  /* the plugin's, as far as we know; see coroutine_recount */

    uint64_t cpu_ns;
    uint64_t tasks;
    uint64_t kills;
    uint32_t running;
    uint32_t inside;    /* gate frames on the C stack that will touch the cell again */
    uint64_t id_key[2]; /* scrambles addresses for tostring */
};

/*
 * A coroutine's extra space holds its cell, and in the lowest bits what is
 * special about it; lua_newthread copies the main state's, which has none.
 */
#define STRAND_OWN 1U     /* made by the plugin's coroutine library */
#define STRAND_WAITING 2U /* parked inside a host call: nobody else may resume it */
#define STRAND_BITS 3U

static inline uintptr_t *strand_word(lua_State *L)
{
    return (uintptr_t *)lua_getextraspace(L);
}
static inline struct cell *strand_cell(lua_State *L)
{
    return (struct cell *)(*strand_word(L) & ~(uintptr_t)STRAND_BITS);
}
static inline bool strand_has(lua_State *L, unsigned bit)
{
    return (*strand_word(L) & bit) != 0;
}

/* ---- budget.c ---- */

/* The thread's innermost slice, kept by the gate. */
void budget_enter(struct run *run);
void budget_leave(struct run *run);
unsigned budget_depth(void);
/* Makes the code in the slice stop at its next instruction or poll. */
void budget_arm(struct run *run);
/* Raises when the slice is over its budget; collects first when memory is due. For loops in C. */
void budget_check(lua_State *L);
/* True when pcall and its like must pass the error on. */
bool budget_is_killing(lua_State *L);
/* Marks the slice as out of memory: what follows a LUA_ERRMEM. */
void budget_out_of_memory(lua_State *L);
/* Raises the kill; no return. */
int budget_raise(lua_State *L);
/* Writes the kill's message, with the place that L is at, unless there is one. */
void budget_describe(struct run *run, lua_State *L);

/* To be called in each turn of a loop in C that may be long. */
static inline void budget_poll(lua_State *L, unsigned *steps)
{
    if (++*steps >= POLL_STEPS) {
        *steps = 0;
        budget_check(L);
    }
}

/* ---- park.c ---- */

enum task_state { TASK_IDLE, TASK_RUNNING, TASK_PARKED };

void park_open(struct cell *cell);
void park_close(struct cell *cell);
/* A parked task has a deadline, and is found by its ticket until it leaves. */
void park_enter(struct task *task);
void park_leave(struct task *task);
/* Gives the task a ticket; one it had before is void. */
void park_renew_ticket(struct task *task);
void park_drop_ticket(struct task *task);
/* The task that waits with this ticket, or NULL; ticket.task may be freed memory. */
struct task *park_find(struct ticket ticket);

/* ---- traceback.c ---- */

/* Message handler: keeps the frames of L in the running slice, changes nothing. */
int traceback_keep(lua_State *L);
/* Writes the frames of L into the slice; again, after those of a coroutine it resumed. */
void traceback_of(struct run *run, lua_State *L);
/* The place of the innermost plugin code in L, "chat/init.lua:12: ", or "". */
void traceback_place(lua_State *L, char *text, size_t size);
/* The text of an error value, one line, without calling any code. */
void traceback_message(lua_State *L, int index, char *text, size_t size);

/* ---- the libraries: each pushes its table or changes the globals ---- */

int lib_base_open(lua_State *L);
int lib_coroutine_open(lua_State *L);
int lib_string_open(lua_State *L);
int lib_table_open(lua_State *L);
int lib_math_open(lua_State *L);
int lib_utf8_open(lua_State *L);

/* Functions that call plugin code from C, so that it cannot wait: named in the error. */
int lib_base_require(lua_State *L);
int lib_string_gsub(lua_State *L);
int lib_table_sort(lua_State *L);

/* Pushes the text of the value at index, without addresses; may call __tostring. */
const char *lib_base_tostring(lua_State *L, int index, size_t *len);
int lib_string_format(lua_State *L);
int lib_string_find(lua_State *L);
int lib_string_match(lua_State *L);
int lib_string_gmatch(lua_State *L);

/* Registry keys (addresses of these). */
extern const char cell_modules_key;
extern const char cell_loaded_key;
extern const char cell_strands_key; /* the plugin's coroutines: weak keys */

#endif
