/*
 * A plugin's cell with everything around it: the `mesh` table by what its
 * manifest grants, its sources, the table of its handlers.
 */
#include "host/base/check.h"
#include "host/base/embedded.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/api.h"
#include "lua/api_crypto.h"
#include "lua/core.h"
#include "lua/event.h"
#include "lua/json.h"
#include "lua/nap.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static const char mesh_key, handlers_key, module_key; /* addresses are registry keys */

struct plugin_cell *plugin_cell_of(lua_State *L)
{
    return cell_owner(cell_of(L));
}

void plugin_cell_push_mesh(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mesh_key);
}

void plugin_cell_push_handler(lua_State *L, size_t index)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &handlers_key);
    lua_rawgeti(L, -1, (lua_Integer)index + 1); /* handlers handler */
    lua_remove(L, -2);
}

void plugin_cell_set_handler(lua_State *L, size_t index)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &handlers_key); /* handler handlers */
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)index + 1);
    lua_pop(L, 1);
}

void plugin_cell_push_module(lua_State *L, const char *name)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key) != LUA_TTABLE) {
        return; /* nil: init.lua has not run */
    }
    lua_pushstring(L, name);
    lua_rawget(L, -2); /* module field */
    lua_remove(L, -2);
}

void plugin_cell_set_module(lua_State *L)
{
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
}

struct has_question {
    const char *name;
    bool answer;
};

static int has_field(lua_State *L)
{
    struct has_question *question = lua_touserdata(L, 1);
    plugin_cell_push_module(L, question->name);
    question->answer = lua_isfunction(L, -1);
    return 0;
}

bool plugin_cell_has(struct plugin_cell *cell, const char *name)
{
    struct has_question question = {name, false};
    return cell_protect(cell->cell, has_field, &question, NULL, 0) == 0 && question.answer;
}

/* ---- the environment ---- */

static void push_crypto_error(lua_State *L, const char *type, const char *message)
{
    failure_return(L, rpc_code_of(bytes_of(type)), message); /* nil error */
    lua_remove(L, -2);
}

static void add_crypto(lua_State *L, struct plugin_cell *cell)
{
    const struct runtime_options *options = &cell->generation->runtime->options;
    cell->crypto = (struct crypto_env){
        .pool = options->pool,
        .keyring = options->keyring,
        .plugin = cell->generation->bundle->manifest->name,
        .push_error = push_crypto_error,
    };
    cell->crypto.password.memory_kib = options->password_memory_mib * 1024;
    cell->crypto.password.passes = options->password_passes;
    api_crypto_push(L, &cell->crypto);
    lua_setfield(L, -2, "crypto");
}

/* Lua halves of the API: modules of ours that return a function of `mesh` giving the area. */
static void add_lua_half(lua_State *L, const char *name)
{
    char module[32];
    snprintf(module, sizeof(module), "mesh.%s", name);
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    lua_call(L, 1, 1); /* mesh half */
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1); /* mesh area */
    lua_setfield(L, -2, name);
}

static int build_mesh(lua_State *L)
{
    struct plugin_cell *cell = lua_touserdata(L, 1);
    const struct manifest *manifest = cell->generation->bundle->manifest;
    failure_open_lib(L);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &handlers_key);
    lua_newtable(L); /* mesh */
    json_open_lib(L);
    lua_setfield(L, -2, "json");
    api_register_add(L, manifest);
    api_hook_add(L, manifest);
    api_call_add(L, manifest);
    api_misc_add(L, manifest);
    if (manifest->grants &
        (GRANT_SESSION_DELIVER | GRANT_SESSION_OPEN | GRANT_SESSION_CLOSE | GRANT_SESSION_WATCH)) {
        api_session_push(L, manifest);
        lua_setfield(L, -2, "session");
    }
    if (manifest->bus_publish.count || manifest->bus_subscribe.count ||
        manifest_grants(manifest, GRANT_SESSION_WATCH)) {
        api_bus_push(L, manifest);
        lua_setfield(L, -2, "bus");
    }
    if (manifest_grants(manifest, GRANT_DB) || manifest_grants(manifest, GRANT_KV)) {
        api_db_push(L);
        lua_setfield(L, -2, "db");
    }
    if (manifest_grants(manifest, GRANT_TIMER)) {
        api_timer_push(L);
        lua_setfield(L, -2, "timer");
    }
    if (manifest_grants(manifest, GRANT_CRYPTO)) {
        add_crypto(L, cell);
    }
    add_lua_half(L, "schema");
    add_lua_half(L, "text");
    if (manifest_grants(manifest, GRANT_KV)) {
        add_lua_half(L, "kv");
    }
    if (!manifest_grants(manifest, GRANT_DB)) {
        lua_pushnil(L);
        lua_setfield(L, -2, "db");
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &mesh_key);
    return 0;
}

static int add_halves(struct plugin_cell *cell, char *message, size_t message_size)
{
    struct bytes prefix = BYTES("lua/lib/");
    for (size_t i = 0; i < embedded_files_count; i++) {
        const struct embedded_file *file = &embedded_files[i];
        struct bytes path = bytes_of(file->path);
        if (!bytes_starts_with(path, prefix)) {
            continue;
        }
        char name[64];
        snprintf(name, sizeof(name), "mesh.%.*s", (int)(path.len - prefix.len - 4),
                 path.data + prefix.len);
        int err = cell_add_module(cell->cell, name, file->path,
                                  (struct bytes){file->data, file->len}, message, message_size);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int add_sources(struct plugin_cell *cell, char *message, size_t message_size)
{
    const struct bundle *bundle = cell->generation->bundle;
    int err = add_halves(cell, message, message_size);
    for (size_t i = 0; !err && i < bundle->modules_count; i++) {
        const struct bundle_module *module = &bundle->modules[i];
        err = cell_add_module(cell->cell, module->name, module->file,
                              (struct bytes){module->source, module->source_bytes}, message,
                              message_size);
    }
    return err;
}

/* A coroutine for each call in flight, and as many as by default for the plugin's own use. */
static uint32_t coroutines_for(const struct manifest *manifest)
{
    uint32_t wanted = manifest->limits.calls + CELL_COROUTINES_MAX;
    return wanted < CELL_COROUTINES_CEILING ? wanted : CELL_COROUTINES_CEILING;
}

int plugin_cell_new(struct plugin_cell **out, struct generation *generation,
                    struct runtime_worker *worker, char *message, size_t message_size)
{
    const struct manifest *manifest = generation->bundle->manifest;
    struct plugin_cell *cell = mem_alloc(sizeof(*cell));
    cell->generation = generation;
    cell->worker = worker;
    cell->slot = worker_slot(worker, manifest->name);
    list_open(&cell->naps);
    list_append(&worker->cells, &cell->node);
    buf_open(&cell->saved, RUNTIME_SAVED_BYTES_MAX);
    struct cell_options options = {
        .plugin = manifest->name,
        .version = manifest->version,
        .generation = generation->number,
        .worker = worker->index,
        .memory_soft = (size_t)manifest->limits.memory_mb << 20,
        .coroutines_max = coroutines_for(manifest),
        .cpu_ms_max = manifest->limits.cpu_ms,
        .wall_ms_max = manifest->limits.wall_ms,
        .loop = worker->loop,
        .owner = cell,
    };
    cell->cell = cell_new(&options);
    int err = cell->cell ? 0 : ERR_NOMEM;
    if (!err) {
        err = add_sources(cell, message, message_size);
    }
    if (!err) {
        err = cell_protect(cell->cell, build_mesh, cell, message, message_size);
    }
    if (err) {
        plugin_cell_retire(cell);
        return err;
    }
    cell->wiring = wiring_new();
    *out = cell;
    return 0;
}

/* ---- the end ---- */

static void plugin_cell_free(struct plugin_cell *cell)
{
    if (cell->cell) {
        struct cell_usage usage;
        cell_usage(cell->cell, &usage);
        metric_add(cell->slot->cpu_us, (int64_t)((usage.cpu_ns - cell->cpu_ns_told) / 1000));
        metric_add(cell->slot->memory, -cell->memory_told);
        cell_free(cell->cell);
    }
    wiring_free(cell->wiring);
    buf_close(&cell->saved);
    mem_free(cell);
}

void plugin_cell_retire(struct plugin_cell *cell)
{
    cell->is_gone = true;
    list_remove(&cell->node);
    if (cell->cell && cell->events) {
        task_cancel_all(cell->cell, ERR_CANCELLED);
    }
    naps_stop(cell);
    CHECK(cell->events == 0);
    if (!cell->pending) {
        plugin_cell_free(cell);
    }
}

struct wait wait_open(lua_State *L)
{
    struct wait wait = {task_ticket(L), plugin_cell_of(L)};
    wait.cell->pending++;
    return wait;
}

void wait_drop(struct wait wait)
{
    CHECK(wait.cell->pending > 0);
    wait.cell->pending--;
    if (wait.cell->is_gone && !wait.cell->pending && !wait.cell->events) {
        plugin_cell_free(wait.cell);
    }
}

void wait_end(struct wait wait, void *result, task_discard discard)
{
    if (wait.cell->is_gone) {
        if (discard) {
            discard(result);
        }
    } else {
        task_resume(wait.ticket, result, discard);
    }
    wait_drop(wait);
}
