#include "lua/runtime.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/bus.h"
#include "lua/command.h"
#include "lua/core.h"
#include "lua/generation.h"
#include "lua/reload.h"

#include <string.h>

struct runtime *runtime_new(const struct runtime_options *options)
{
    CHECK(options->workers >= 1 && options->workers <= HUB_WORKERS_MAX);
    struct runtime *runtime = mem_alloc(sizeof(*runtime));
    runtime->options = *options;
    runtime->loop = options->loop;
    runtime->rate_limits_on = options->limits.rate_limits_on;
    runtime->follows = follows_new();
    return runtime;
}

/* What was under way between loops is brought home: snapshots that are left, publications, changes.
 * Workers that are closed run no code of plugins any more. */
static void settle_all(struct runtime *runtime)
{
    for (bool is_idle = false; !is_idle;) {
        is_idle = true;
        for (unsigned w = 0; w < runtime->options.workers; w++) {
            if (runtime->workers[w]) {
                loop_settle(runtime->workers[w]->loop);
            }
        }
        loop_settle(runtime->loop);
        for (unsigned w = 0; w < runtime->options.workers; w++) {
            is_idle = is_idle && (!runtime->workers[w] || loop_is_idle(runtime->workers[w]->loop));
        }
    }
}

void runtime_free(struct runtime *runtime)
{
    runtime->is_ending = true;
    settle_all(runtime);
    struct snapshot *current = atomic_exchange(&runtime->current, NULL);
    if (current) {
        snapshot_free(current);
    }
    for (unsigned w = 0; w < runtime->options.workers; w++) {
        if (runtime->workers[w]) {
            runtime_worker_free(runtime->workers[w]);
        }
    }
    follows_free(runtime->follows);
    for (size_t i = 0; i < runtime->disabled.count; i++) {
        mem_free(runtime->disabled.items[i]);
    }
    mem_free(runtime->disabled.items);
    mem_free(runtime);
}

void runtime_start(struct runtime *runtime, runtime_done done, void *ctx)
{
    reload_change(runtime, CHANGE_START, NULL, done, ctx);
}

bool runtime_is_ready(const struct runtime *runtime)
{
    return atomic_load(&runtime->current) != NULL;
}

void runtime_reload(struct runtime *runtime, const char *plugin, runtime_done done, void *ctx)
{
    reload_change(runtime, CHANGE_RELOAD, plugin, done, ctx);
}

void runtime_disable(struct runtime *runtime, const char *plugin, runtime_done done, void *ctx)
{
    reload_change(runtime, CHANGE_DISABLE, plugin, done, ctx);
}

void runtime_enable(struct runtime *runtime, const char *plugin, runtime_done done, void *ctx)
{
    reload_change(runtime, CHANGE_ENABLE, plugin, done, ctx);
}

void runtime_set_rate_limits(struct runtime *runtime, bool on)
{
    runtime->rate_limits_on = on;
}

void runtime_set_folders(struct runtime *runtime, const char *const *folders, size_t count)
{
    runtime->options.plugin_folders = folders;
    runtime->options.plugin_folders_count = count;
}

const char *runtime_plugin_folder(const struct runtime *runtime, const char *plugin)
{
    const struct snapshot *current = atomic_load(&runtime->current);
    const struct generation *generation =
        current ? snapshot_plugin(current, bytes_of(plugin)) : NULL;
    return generation ? generation->bundle->folder : NULL;
}

/* ---- list ---- */

static void member_text(struct buf *out, const char *name, const char *value)
{
    buf_append_format(out, "\"%s\":", name);
    json_write_string(out, bytes_of(value));
    buf_append_char(out, ',');
}

static void list_one(struct buf *out, const struct generation *generation)
{
    const struct manifest *manifest = generation->bundle->manifest;
    size_t kinds[ENTRY_EVERY + 1] = {0};
    for (size_t i = 0; i < generation->wiring->count; i++) {
        kinds[generation->wiring->entries[i].kind]++;
    }
    buf_append_char(out, '{');
    member_text(out, "name", manifest->name);
    member_text(out, "version", manifest->version);
    member_text(out, "summary", manifest->summary);
    member_text(out, "source", generation_source(generation));
    member_text(out, "hash", generation->bundle->hash);
    member_text(out, "state", "serving");
    buf_append_format(out,
                      "\"generation\":%llu,\"loadedAt\":%lld,\"methods\":%zu,\"hooks\":%zu,"
                      "\"routes\":%zu}",
                      (unsigned long long)generation->number, (long long)generation->loaded_at_ms,
                      kinds[ENTRY_METHOD], kinds[ENTRY_HOOK], kinds[ENTRY_ROUTE]);
}

void runtime_list(const struct runtime *runtime, struct buf *out)
{
    const struct snapshot *current = atomic_load(&runtime->current);
    buf_append_char(out, '[');
    for (size_t i = 0; current && i < current->generations_count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        list_one(out, current->generations[i]);
    }
    for (size_t i = 0; i < runtime->disabled.count; i++) {
        if (out->data[out->len - 1] != '[') {
            buf_append_char(out, ',');
        }
        buf_append_text(out, "{\"name\":");
        json_write_string(out, bytes_of(runtime->disabled.items[i]));
        buf_append_text(out, ",\"state\":\"disabled\"}");
    }
    buf_append_char(out, ']');
}
