/*
 * The plugin's own coroutines. A host call that waits inside one must park the
 * whole task: it yields through every coroutine up to the gate, and on the way
 * back each resumes the one below, so the plugin sees no difference.
 */
#include "lua/cell_private.h"

#define OWN_PERCENT_AFTER_COLLECTION 88 /* a count that stays above is full, not garbage */

static const char stack_overflow[] = "too many values for a coroutine's stack";

static bool is_error(int status)
{
    return status != LUA_OK && status != LUA_YIELD;
}

/* ---- how many there are ---- */

static uint32_t own_max(const struct cell *cell)
{
    return cell->coroutines_max - cell->coroutines_max / CELL_OWN_COROUTINES_SHARE;
}

/* Threads have no finalizer: those that nobody finished are counted after a collection. */
static void recount(lua_State *L, struct cell *cell)
{
    uint32_t count = 0;
    lua_gc(L, LUA_GCCOLLECT);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &cell_strands_key);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        count++;
    }
    lua_pop(L, 1);
    cell->own_coroutines = count;
}

static void make_room(lua_State *L)
{
    struct cell *cell = strand_cell(L);
    uint32_t max = own_max(cell);
    if (cell->own_coroutines < max) {
        return;
    }
    recount(L, cell);
    if (cell->own_coroutines > max / 100 * OWN_PERCENT_AFTER_COLLECTION) {
        luaL_error(L, "more than %d coroutines", (int)max);
    }
}

/* co has ended: it no longer counts, though it may still be referred to. */
static void forget(lua_State *L, lua_State *co)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &cell_strands_key);
    lua_pushthread(co);
    lua_xmove(co, L, 1);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    strand_cell(L)->own_coroutines--;
}

/* ---- making and running ---- */

static int body_ended(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    return is_error(status) ? lua_error(L) : lua_gettop(L) - 1;
}

/* The protected call is what runs pending `__close` after an error. */
static int body(lua_State *L)
{
    lua_pushcfunction(L, traceback_keep);
    lua_insert(L, 1); /* keeper f ... */
    return body_ended(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, 0, body_ended), 0);
}

/* coroutine.create(f) -> coroutine */
static int create(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    make_room(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &cell_strands_key);
    lua_State *co = lua_newthread(L); /* strands co */
    lua_pushvalue(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, -4);
    *strand_word(co) |= STRAND_OWN;
    strand_cell(L)->own_coroutines++;
    lua_pushcfunction(co, body);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static lua_State *check_coroutine(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co != NULL, 1, "coroutine");
    return co;
}

static const char *status_of(lua_State *L, lua_State *co)
{
    lua_Debug ar;
    if (L == co) {
        return "running";
    }
    if (!strand_has(co, STRAND_OWN) || strand_has(co, STRAND_WAITING)) {
        return "normal"; /* a task's, or one that waits for the host */
    }
    switch (lua_status(co)) {
    case LUA_YIELD:
        return "suspended";
    case LUA_OK:
        if (lua_getstack(co, 0, &ar)) {
            return "normal";
        }
        return lua_gettop(co) == 0 ? "dead" : "suspended";
    default:
        return "dead";
    }
}

/* One resume of co on behalf of the code in L; leaves the values on co. */
static int resume_raw(lua_State *L, lua_State *co, int arguments, int *results)
{
    struct run *run = strand_cell(L)->run;
    if (lua_status(co) == LUA_OK) {
        arguments++; /* its first: the function, for body */
    }
    if (run == NULL) {
        return lua_resume(co, L, arguments, results);
    }
    bool may_wait = run->may_wait;
    run->may_wait = may_wait && lua_isyieldable(L);
    run->L = co;
    if (run->killing) {
        budget_arm(run);
    }
    int status = lua_resume(co, L, arguments, results);
    run->L = L;
    run->may_wait = may_wait;
    return status;
}

/*
 * After a resume: gives the number of values moved to L, or -1 with the error
 * on top of L. Raises a kill. *waits tells that a host call inside waits: then
 * L has to yield as well.
 */
static int take_values(lua_State *L, lua_State *co, int status, int results, bool *waits)
{
    struct run *run = strand_cell(L)->run;
    *waits = status == LUA_YIELD && run != NULL && run->suspended;
    if (*waits) {
        *strand_word(co) |= STRAND_WAITING;
        return 0;
    }
    if (status == LUA_ERRMEM) {
        budget_out_of_memory(L);
    }
    if (status != LUA_YIELD) {
        forget(L, co);
    }
    if (budget_is_killing(L)) {
        return budget_raise(L);
    }
    if (is_error(status)) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushstring(L, stack_overflow);
        return -1;
    }
    lua_xmove(co, L, results);
    return results;
}

/* Moves the arguments; NULL, or why co cannot be resumed. */
static const char *begin(lua_State *L, lua_State *co, int arguments)
{
    if (!strand_has(co, STRAND_OWN)) {
        return "cannot resume a task's coroutine";
    }
    if (strand_has(co, STRAND_WAITING)) {
        return "cannot resume a coroutine that waits for the host";
    }
    const char *status = status_of(L, co);
    if (*status != 's') {
        return *status == 'd' ? "cannot resume dead coroutine"
                              : "cannot resume non-suspended coroutine";
    }
    if (!lua_checkstack(co, arguments)) {
        return stack_overflow;
    }
    lua_xmove(L, co, arguments);
    return NULL;
}

/* ---- resume ---- */

static int resume_finish(lua_State *L, lua_State *co, int arguments);

static int resume_again(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    lua_State *co = (lua_State *)context;
    *strand_word(co) &= ~(uintptr_t)STRAND_WAITING;
    return resume_finish(L, co, 0);
}

static int resume_finish(lua_State *L, lua_State *co, int arguments)
{
    int results = 0;
    bool waits;
    int status = resume_raw(L, co, arguments, &results);
    int count = take_values(L, co, status, results, &waits);
    if (waits) {
        return lua_yieldk(L, 0, (lua_KContext)co, resume_again);
    }
    lua_pushboolean(L, count >= 0);
    int moved = count >= 0 ? count : 1;
    lua_insert(L, -(moved + 1));
    return moved + 1;
}

/* coroutine.resume(co, ...) -> true, ... | false, error */
static int resume(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    int arguments = lua_gettop(L) - 1;
    budget_check(L);
    const char *why = begin(L, co, arguments);
    if (why != NULL) {
        lua_pushboolean(L, 0);
        lua_pushstring(L, why);
        return 2;
    }
    return resume_finish(L, co, arguments);
}

/* ---- wrap ---- */

static int wrap_finish(lua_State *L, lua_State *co, int arguments);

static int wrap_again(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    lua_State *co = (lua_State *)context;
    *strand_word(co) &= ~(uintptr_t)STRAND_WAITING;
    return wrap_finish(L, co, 0);
}

static int wrap_finish(lua_State *L, lua_State *co, int arguments)
{
    int results = 0;
    bool waits;
    int status = resume_raw(L, co, arguments, &results);
    int count = take_values(L, co, status, results, &waits);
    if (waits) {
        return lua_yieldk(L, 0, (lua_KContext)co, wrap_again);
    }
    if (count >= 0) {
        return count;
    }
    if (lua_type(L, -1) == LUA_TSTRING) { /* the place of the caller in front, as Lua does */
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    struct run *run = strand_cell(L)->run;
    if (run != NULL) {
        run->trace_open = true; /* its frames first, then ours */
    }
    return lua_error(L);
}

static int wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int arguments = lua_gettop(L);
    budget_check(L);
    const char *why = begin(L, co, arguments);
    return why != NULL ? luaL_error(L, "%s", why) : wrap_finish(L, co, arguments);
}

/* coroutine.wrap(f) -> function */
static int wrap(lua_State *L)
{
    create(L);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

/* ---- the rest ---- */

/* coroutine.yield(...) -> what the next resume gives */
static int yield(lua_State *L)
{
    budget_check(L);
    if (!strand_has(L, STRAND_OWN)) {
        return luaL_error(L, "attempt to yield from outside a coroutine");
    }
    return lua_yield(L, lua_gettop(L));
}

/* coroutine.status(co) -> "running" | "suspended" | "normal" | "dead" */
static int status(lua_State *L)
{
    lua_pushstring(L, status_of(L, check_coroutine(L)));
    return 1;
}

/* coroutine.isyieldable() -> boolean */
static int isyieldable(lua_State *L)
{
    lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
    lua_pushboolean(L, strand_has(co, STRAND_OWN) && lua_isyieldable(co));
    return 1;
}

/* coroutine.running() -> coroutine, is it the task's own */
static int running(lua_State *L)
{
    lua_pushthread(L);
    lua_pushboolean(L, !strand_has(L, STRAND_OWN));
    return 2;
}

static const luaL_Reg coroutine_functions[] = {
    {"create", create}, {"resume", resume},   {"wrap", wrap}, {"yield", yield},
    {"status", status}, {"running", running}, {NULL, NULL},
};

int lib_coroutine_open(lua_State *L)
{
    luaL_newlib(L, coroutine_functions);
    lua_pushcfunction(L, isyieldable);
    lua_setfield(L, -2, "isyieldable");
    lua_setglobal(L, "coroutine");
    return 0;
}
