#include "lua/reload.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "lua/find_plugin.h"
#include "lua/generation.h"
#include "lua/prepare.h"

#include <stdio.h>
#include <string.h>

struct change {
    struct letter letter;
    struct change *next;
    struct runtime *runtime;
    enum change_kind kind;
    char *plugin;
    runtime_done done;
    void *ctx;
    struct generation *fresh[RUNTIME_PLUGINS_MAX];
    size_t fresh_count;
    struct generation *list[RUNTIME_PLUGINS_MAX]; /* what is to serve */
    size_t list_count;
    struct preparation *preparations;
    unsigned waiting;
    int err;
    uint64_t started_ns;
    char message[PREPARE_MESSAGE_MAX];
};

static void change_run(struct letter *letter);
static int change_stage(struct change *change);
static int change_expand(struct change *change);
static void change_prepare(struct change *change);
static void change_prepared(struct preparation *preparation);
static void change_flip(struct change *change);
static void change_end(struct change *change, int err);

/* ---- the queue ---- */

static void start_first(struct runtime *runtime)
{
    struct change *change = runtime->change_first;
    change->letter.deliver = change_run;
    loop_post_answer(runtime->loop, &change->letter);
}

void reload_change(struct runtime *runtime, enum change_kind kind, const char *plugin,
                   runtime_done done, void *ctx)
{
    struct change *change = mem_alloc(sizeof(*change));
    change->runtime = runtime;
    change->kind = kind;
    change->plugin = plugin ? mem_copy_text(plugin, strlen(plugin)) : NULL;
    change->done = done;
    change->ctx = ctx;
    if (runtime->change_last) {
        runtime->change_last->next = change;
    } else {
        runtime->change_first = change;
    }
    runtime->change_last = change;
    if (runtime->change_first == change) {
        start_first(runtime);
    }
}

bool reload_is_busy(const struct runtime *runtime)
{
    return runtime->change_first != NULL;
}

static void change_run(struct letter *letter)
{
    struct change *change = LIST_ITEM(letter, struct change, letter);
    change->started_ns = clock_precise_ns();
    if (change->runtime->is_ending) {
        change_end(change, ERR_UNAVAILABLE);
        return;
    }
    int err = change_stage(change);
    if (!err) {
        err = change_expand(change);
    }
    if (err) {
        change_end(change, err);
    } else if (change->fresh_count == 0) {
        change_flip(change);
    } else {
        change_prepare(change);
    }
}

/* ---- stage: read, validate, decide what is to serve ---- */

static int add_fresh(struct change *change, const char *name)
{
    struct bundle *bundle;
    struct runtime *runtime = change->runtime;
    int err = find_plugin(&bundle, runtime, name, change->message, sizeof(change->message));
    if (err) {
        return err;
    }
    if (change->fresh_count == RUNTIME_PLUGINS_MAX) {
        bundle_release(bundle);
        return ERR_FULL;
    }
    struct generation *generation;
    char why[PREPARE_MESSAGE_MAX - 64] = "";
    err = generation_new(&generation, runtime, bundle, why, sizeof(why));
    if (err) {
        snprintf(change->message, sizeof(change->message), "%s: %s", name, why);
        return err;
    }
    change->fresh[change->fresh_count++] = generation;
    return 0;
}

static int stage_all(struct change *change)
{
    struct text_list names = {NULL, 0};
    find_plugin_names(&names, change->runtime);
    int err = 0;
    for (size_t i = 0; !err && i < names.count; i++) {
        err = add_fresh(change, names.items[i]);
    }
    find_plugin_names_free(&names);
    return err;
}

static bool is_loaded(const struct runtime *runtime, const char *plugin)
{
    const struct snapshot *current = atomic_load(&runtime->current);
    return current && snapshot_plugin(current, bytes_of(plugin));
}

static int stage_one(struct change *change)
{
    bool loaded = is_loaded(change->runtime, change->plugin);
    if (change->kind == CHANGE_DISABLE) {
        if (!loaded) {
            snprintf(change->message, sizeof(change->message), "no plugin named %s is loaded",
                     change->plugin);
        }
        return loaded ? 0 : ERR_NOT_FOUND;
    }
    if (change->kind == CHANGE_ENABLE && loaded) {
        snprintf(change->message, sizeof(change->message), "%s is enabled already", change->plugin);
        return ERR_EXISTS;
    }
    return add_fresh(change, change->plugin);
}

/* What serves now without the changed plugins, then the fresh ones. */
static int make_list(struct change *change)
{
    const struct snapshot *current = atomic_load(&change->runtime->current);
    for (size_t i = 0; current && i < current->generations_count; i++) {
        struct generation *generation = current->generations[i];
        const char *name = generation->bundle->manifest->name;
        if (!change->plugin || strcmp(name, change->plugin) != 0) {
            change->list[change->list_count++] = generation;
        }
    }
    if (change->list_count + change->fresh_count > RUNTIME_PLUGINS_MAX) {
        snprintf(change->message, sizeof(change->message), "at most %d plugins",
                 RUNTIME_PLUGINS_MAX);
        return ERR_FULL;
    }
    for (size_t i = 0; i < change->fresh_count; i++) {
        change->list[change->list_count++] = change->fresh[i];
    }
    return 0;
}

static int change_stage(struct change *change)
{
    int err = change->kind == CHANGE_START ? stage_all(change) : stage_one(change);
    return err ? err : make_list(change);
}

/* ---- expand: migrations, those of required plugins first ---- */

static bool waits_for(const struct generation *generation, const struct change *change,
                      const bool *is_done)
{
    const struct text_list *requires = &generation->bundle->manifest->requires;
    for (size_t i = 0; i < change->fresh_count; i++) {
        if (!is_done[i] &&
            text_list_matches(requires, bytes_of(change->fresh[i]->bundle->manifest->name))) {
            return true;
        }
    }
    return false;
}

static int change_expand(struct change *change)
{
    bool is_done[RUNTIME_PLUGINS_MAX] = {false};
    char why[PREPARE_MESSAGE_MAX - 64] = "";
    for (size_t left = change->fresh_count; left;) {
        size_t i = 0;
        while (i < change->fresh_count &&
               (is_done[i] || waits_for(change->fresh[i], change, is_done))) {
            i++;
        }
        if (i == change->fresh_count) {
            snprintf(change->message, sizeof(change->message),
                     "plugins require each other in a circle");
            return ERR_INVALID;
        }
        int err = generation_migrate(change->fresh[i], why, sizeof(why));
        if (err) {
            snprintf(change->message, sizeof(change->message), "%s: migrations: %s",
                     change->fresh[i]->bundle->manifest->name, why);
            return err;
        }
        is_done[i] = true;
        left--;
    }
    return 0;
}

/* ---- prepare: on every worker ---- */

static void change_prepare(struct change *change)
{
    unsigned workers = change->runtime->options.workers;
    change->preparations = mem_alloc_array(workers, sizeof(struct preparation));
    change->waiting = workers;
    for (unsigned w = 0; w < workers; w++) {
        struct preparation *p = &change->preparations[w];
        p->fresh = change->fresh;
        p->fresh_count = change->fresh_count;
        p->worker = w;
        p->prepared = change_prepared;
    }
    for (unsigned w = 0; w < workers; w++) {
        prepare_start(change->runtime, &change->preparations[w]);
    }
}

static void change_prepared(struct preparation *p)
{
    struct change *change = p->fresh[0]->runtime->change_first;
    if (p->err && !change->err) {
        change->err = p->err;
        snprintf(change->message, sizeof(change->message), "%s", p->message);
    }
    if (--change->waiting) {
        return;
    }
    if (!change->err && change->runtime->is_ending) {
        change->err = ERR_UNAVAILABLE;
    }
    if (change->err) {
        change_end(change, change->err);
    } else {
        change_flip(change);
    }
}

/* ---- flip ---- */

struct replaced_letter {
    struct letter letter;
    struct runtime_worker *worker;
    struct snapshot *snapshot;
};

static void replaced_deliver(struct letter *letter)
{
    struct replaced_letter *r = LIST_ITEM(letter, struct replaced_letter, letter);
    worker_snapshot_replaced(r->worker, r->snapshot);
    mem_free(r);
}

static void tell_replaced(struct runtime *runtime, struct snapshot *old)
{
    for (unsigned w = 0; w < runtime->options.workers; w++) {
        struct replaced_letter *r = mem_alloc(sizeof(*r));
        r->letter.deliver = replaced_deliver;
        r->worker = runtime->workers[w];
        r->snapshot = old;
        loop_post_answer(r->worker->loop, &r->letter);
    }
}

void snapshot_left(struct snapshot *snapshot)
{
    if (++snapshot->workers_done == snapshot->runtime->options.workers) {
        snapshot_free(snapshot);
    }
}

static void change_flip(struct change *change)
{
    struct runtime *runtime = change->runtime;
    struct snapshot *snapshot = NULL;
    int err = 0;
    for (size_t i = 0; !err && i < change->fresh_count; i++) {
        err = generation_settle(change->fresh[i], change->message, sizeof(change->message));
    }
    if (!err) {
        err = snapshot_new(&snapshot, runtime, change->list, change->list_count, change->message,
                           sizeof(change->message));
    }
    if (err) {
        change_end(change, err);
        return;
    }
    struct snapshot *old = atomic_exchange(&runtime->current, snapshot);
    tell_replaced(runtime,
                  old); /* NULL at the first flip: timers start without waiting for an event */
    change_end(change, 0);
}

/* ---- end ---- */

static void log_end(const struct change *change, int err)
{
    static const char *const kinds[] = {"start", "reload", "disable", "enable"};
    LOG(err ? LOG_ERROR : LOG_INFO, "plugin",
        err ? "the change failed, nothing was changed" : "done",
        LOG_TEXT("change", kinds[change->kind]),
        LOG_TEXT("plugin", change->plugin ? change->plugin : "(all)"),
        LOG_TEXT("why", change->message),
        LOG_INT("us", (clock_precise_ns() - change->started_ns) / 1000));
}

/* What an operator disabled stays so for this process, until it is loaded again. */
static void note_disabled(struct runtime *runtime, const char *plugin, bool is_disabled)
{
    struct text_list *list = &runtime->disabled;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], plugin) == 0) {
            mem_free(list->items[i]);
            list->items[i] = list->items[--list->count];
            break;
        }
    }
    if (is_disabled) {
        list->items = mem_realloc(list->items, (list->count + 1) * sizeof(char *));
        list->items[list->count++] = mem_copy_text(plugin, strlen(plugin));
    }
}

static void change_end(struct change *change, int err)
{
    struct runtime *runtime = change->runtime;
    if (err && !change->message[0]) {
        snprintf(change->message, sizeof(change->message), "%s", err_text(err));
    }
    log_end(change, err);
    if (err) {
        for (size_t i = 0; i < change->fresh_count; i++) {
            generation_release(change->fresh[i]);
        }
    } else if (change->plugin) {
        note_disabled(runtime, change->plugin, change->kind == CHANGE_DISABLE);
    }
    runtime->change_first = change->next;
    if (!runtime->change_first) {
        runtime->change_last = NULL;
    } else {
        start_first(runtime);
    }
    change->done(change->ctx, err, change->message);
    mem_free(change->preparations);
    mem_free(change->plugin);
    mem_free(change);
}
