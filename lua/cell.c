#include "lua/cell.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/cell_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define STRING_BYTES_MIN (64U * 1024) /* what a library may make in the smallest of cells */

const char cell_modules_key = 0;
const char cell_loaded_key = 0;
const char cell_strands_key = 0;
static const char error_text_key = 0;

/* ---- memory ---- */

/*
 * Over the soft limit the running slice is told to collect and, if that does
 * not help, to die: at its next instruction, where Lua is in a sound state.
 * Only far above it an allocation fails, because 5.4.4 has a use after free
 * when a collection happens inside the store into a table. A block that grows
 * out of what is below the soft limit never reaches four times of it.
 */
static void note_growth(struct cell *cell, size_t grown)
{
    cell->memory += grown;
    if (cell->memory > cell->memory_peak) {
        cell->memory_peak = cell->memory;
    }
    struct run *run = cell->run;
    if (cell->memory > cell->memory_soft && run != NULL && !run->memory_due) {
        run->memory_due = 1;
        budget_arm(run);
    }
}

static void *allocate(void *ctx, void *block, size_t old_size, size_t new_size)
{
    struct cell *cell = ctx;
    size_t before = block != NULL ? old_size : 0; /* else old_size is a type */
    if (new_size == 0) {
        mem_free(block);
        cell->memory -= before;
        return NULL;
    }
    if (new_size > before && new_size - before > cell->memory_hard - cell->memory) {
        return NULL;
    }
    void *grown = mem_try_realloc(block, new_size);
    if (grown == NULL) {
        return NULL;
    }
    if (new_size > before) {
        note_growth(cell, new_size - before);
    } else {
        cell->memory -= before - new_size;
    }
    return grown;
}

/* ---- making one ---- */

/* Reached only when our own code calls Lua unprotected. */
static int on_panic(lua_State *L)
{
    char message[CELL_MESSAGE_MAX];
    traceback_message(L, -1, message, sizeof(message));
    fprintf(stderr, "lua panic: %s\n", message);
    UNREACHABLE("an error of Lua outside of a protected call");
}

static void weak_table(lua_State *L, const void *key)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

static int open_libraries(lua_State *L)
{
    static const lua_CFunction open[] = {lib_base_open,  lib_coroutine_open, lib_string_open,
                                         lib_table_open, lib_math_open,      lib_utf8_open};
    /* Lua makes this string when memory is already short; a kept one is found again. */
    lua_pushliteral(L, "error in error handling");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &error_text_key);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &cell_modules_key);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &cell_loaded_key);
    weak_table(L, &cell_strands_key);
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        lua_pushcfunction(L, open[i]);
        lua_call(L, 0, 0);
    }
    return 0;
}

static void copy_name(char *to, const char *from)
{
    snprintf(to, CELL_NAME_MAX, "%s", from != NULL ? from : "");
}

static void set_limits(struct cell *cell, const struct cell_options *options)
{
    cell->memory_soft = options->memory_soft ? options->memory_soft : CELL_MEMORY_SOFT;
    cell->memory_hard = cell->memory_soft * CELL_MEMORY_HARD_TIMES;
    cell->string_max = cell->memory_soft / CELL_STRING_SHARE;
    if (cell->string_max < STRING_BYTES_MIN) {
        cell->string_max = STRING_BYTES_MIN;
    }
    cell->coroutines_max = options->coroutines_max ? options->coroutines_max : CELL_COROUTINES_MAX;
    CHECK(cell->coroutines_max <= UINT16_MAX); /* a ticket has 16 bits for the task */
    cell->cpu_ms_max = options->cpu_ms_max ? options->cpu_ms_max : CELL_CPU_MS_MAX;
    cell->wall_ms_max = options->wall_ms_max ? options->wall_ms_max : CELL_WALL_MS_MAX;
}

struct cell *cell_new(const struct cell_options *options)
{
    struct cell *cell = mem_alloc(sizeof(*cell));
    copy_name(cell->plugin, options->plugin);
    copy_name(cell->version, options->version);
    cell->generation = options->generation;
    cell->worker = options->worker;
    cell->loop = options->loop;
    cell->owner = options->owner;
    set_limits(cell, options);
    park_open(cell);
    CHECK(getrandom(cell->id_key, sizeof(cell->id_key), 0) == sizeof(cell->id_key));

    cell->L = lua_newstate(allocate, cell);
    if (cell->L == NULL) {
        goto free_cell;
    }
    *strand_word(cell->L) = (uintptr_t)cell;
    CHECK(strand_cell(cell->L) == cell); /* the bits we use are free */
    lua_atpanic(cell->L, on_panic);
    /* With a thousand parked coroutines the generational mode falls into major collections again
     * and again: incremental costs a tenth less a message then. */
    lua_gc(cell->L, LUA_GCINC, 0, 0, 0);
    if (cell_protect(cell, open_libraries, NULL, NULL, 0)) {
        goto close_state;
    }
    return cell;

close_state:
    lua_close(cell->L);
free_cell:
    park_close(cell);
    mem_free(cell);
    return NULL;
}

void cell_free(struct cell *cell)
{
    if (cell == NULL) {
        return;
    }
    CHECK(cell->run == NULL && cell->inside == 0 && cell->parked == NULL);
    lua_close(cell->L);
    CHECK(cell->memory == 0);
    park_close(cell);
    mem_free(cell);
}

/* ---- what others ask ---- */

struct cell *cell_of(lua_State *L)
{
    return strand_cell(L);
}

void *cell_owner(const struct cell *cell)
{
    return cell->owner;
}

const char *cell_plugin(const struct cell *cell)
{
    return cell->plugin;
}

const char *cell_version(const struct cell *cell)
{
    return cell->version;
}

uint64_t cell_generation(const struct cell *cell)
{
    return cell->generation;
}

unsigned cell_worker(const struct cell *cell)
{
    return cell->worker;
}

struct loop *cell_loop(const struct cell *cell)
{
    return cell->loop;
}

lua_State *cell_state(struct cell *cell)
{
    return cell->L;
}

void cell_usage(const struct cell *cell, struct cell_usage *usage)
{
    *usage = (struct cell_usage){
        .memory_bytes = cell->memory,
        .memory_peak = cell->memory_peak,
        .cpu_ns = cell->cpu_ns,
        .tasks = cell->tasks,
        .kills = cell->kills,
        .running = cell->running,
        .coroutines = cell->task_coroutines + cell->own_coroutines,
    };
}

/* ---- host code inside ---- */

int cell_protect(struct cell *cell, lua_CFunction fn, void *arg, char *message, size_t message_size)
{
    lua_State *L = cell->L;
    struct run *run = cell->run;
    cell->run = NULL; /* no budget, and no task to be current */
    cell->inside++;
    lua_pushcfunction(L, fn);
    lua_pushlightuserdata(L, arg);
    int status = lua_pcall(L, 1, 0, 0);
    cell->inside--;
    cell->run = run;
    if (status == LUA_OK) {
        return 0;
    }
    if (message != NULL && message_size > 0) {
        traceback_message(L, -1, message, message_size);
    }
    lua_pop(L, 1);
    return status == LUA_ERRMEM ? ERR_NOMEM : ERR_PLUGIN;
}

struct module {
    const char *name;
    const char *file;
    struct bytes source;
};

static int compile_module(lua_State *L)
{
    const struct module *module = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &cell_modules_key);
    lua_pushfstring(L, "@%s", module->file); /* modules file */
    const char *data = module->source.data != NULL ? module->source.data : "";
    if (luaL_loadbufferx(L, data, module->source.len, lua_tostring(L, -1), "t")) {
        return lua_error(L);
    }
    lua_setfield(L, 2, module->name);
    return 0;
}

int cell_add_module(struct cell *cell, const char *name, const char *file, struct bytes source,
                    char *message, size_t message_size)
{
    if (source.len > CELL_SOURCE_BYTES_MAX) {
        if (message != NULL && message_size > 0) {
            snprintf(message, message_size, "%s: over %u bytes", file, CELL_SOURCE_BYTES_MAX);
        }
        return ERR_TOO_LARGE;
    }
    struct module module = {name, file, source};
    int err = cell_protect(cell, compile_module, &module, message, message_size);
    return err == ERR_PLUGIN ? ERR_SYNTAX : err;
}
