/* What serves now, as one immutable table: built on the main thread, read by all workers. */
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/core.h"
#include "lua/hook_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct building {
    struct snapshot *snapshot;
    char *message;
    size_t message_size;
};

static int by_name(const void *a, const void *b)
{
    const struct generation *const *one = a;
    const struct generation *const *other = b;
    return strcmp((*one)->bundle->manifest->name, (*other)->bundle->manifest->name);
}

/* One target an entry, so that every event can point at its own. */
static void make_targets(struct snapshot *snapshot)
{
    size_t count = 0;
    snapshot->first_target = mem_alloc_array(snapshot->generations_count + 1, sizeof(size_t));
    for (size_t g = 0; g < snapshot->generations_count; g++) {
        snapshot->first_target[g] = count;
        count += snapshot->generations[g]->wiring->count;
    }
    snapshot->targets_count = count;
    snapshot->targets = mem_alloc_array(count ? count : 1, sizeof(struct target));
    for (size_t g = 0; g < snapshot->generations_count; g++) {
        struct generation *generation = snapshot->generations[g];
        for (size_t i = 0; i < generation->wiring->count; i++) {
            snapshot->targets[snapshot->first_target[g] + i] =
                (struct target){generation, &generation->wiring->entries[i], i};
        }
    }
}

static int refuse_twice(struct building *b, const struct target *one, const struct target *other)
{
    snprintf(b->message, b->message_size, "%s %s is registered by %s and by %s",
             entry_kind_name(one->entry->kind), one->entry->name,
             other->generation->bundle->manifest->name, one->generation->bundle->manifest->name);
    return ERR_EXISTS;
}

static int put_once(struct building *b, struct map *map, struct bytes key, struct target *target)
{
    void *before = map_get(map, key);
    if (before) {
        return refuse_twice(b, target, before);
    }
    return map_put(map, key, target, NULL);
}

static int put_export(struct building *b, struct target *target)
{
    char name[PLUGIN_NAME_MAX + 160];
    int len = snprintf(name, sizeof(name), "%s.%s", target->generation->bundle->manifest->name,
                       target->entry->name);
    return put_once(b, b->snapshot->exports, (struct bytes){name, (size_t)len}, target);
}

static int put_route(struct building *b, struct target *target)
{
    struct snapshot *snapshot = b->snapshot;
    struct bytes name = bytes_of(target->entry->name);
    if (name.len < 2 || memcmp(name.data + name.len - 2, "/*", 2) != 0) {
        return put_once(b, snapshot->routes, name, target);
    }
    snapshot->prefixes =
        mem_realloc(snapshot->prefixes, (snapshot->prefixes_count + 1) * sizeof(struct target));
    snapshot->prefixes[snapshot->prefixes_count++] = *target;
    return 0;
}

static int put_topic(struct building *b, struct target *target)
{
    struct bytes name = bytes_of(target->entry->name);
    struct topic *topic = map_get(b->snapshot->topics, name);
    if (!topic) {
        topic = mem_alloc(sizeof(*topic));
        map_put(b->snapshot->topics, name, topic, NULL);
    }
    topic->targets = mem_realloc(topic->targets, (topic->count + 1) * sizeof(struct target));
    topic->targets[topic->count++] = *target;
    return 0;
}

static int put_point(struct building *b, struct target *target)
{
    struct bytes name = bytes_of(target->entry->name);
    if (map_get(b->snapshot->points, name)) {
        return refuse_twice(b, target, target);
    }
    return map_put(b->snapshot->points, name, mem_alloc(sizeof(struct point)), NULL);
}

static int put_single(struct building *b, const struct target **place, const struct target *target)
{
    if (*place) {
        return refuse_twice(b, target, *place);
    }
    *place = target;
    return 0;
}

static int put_target(struct building *b, struct target *target)
{
    struct snapshot *snapshot = b->snapshot;
    struct bytes name = bytes_of(target->entry->name);
    switch (target->entry->kind) {
    case ENTRY_METHOD:
        return put_once(b, snapshot->methods, name, target);
    case ENTRY_EXPORT:
        return put_export(b, target);
    case ENTRY_ROUTE:
        return put_route(b, target);
    case ENTRY_COMMAND:
        return put_once(b, snapshot->commands, name, target);
    case ENTRY_BUS:
        return put_topic(b, target);
    case ENTRY_BEARER:
        return put_single(b, &snapshot->bearer, target);
    case ENTRY_UPGRADE:
        return put_single(b, &snapshot->upgrade, target);
    case ENTRY_POINT:
        return put_point(b, target);
    default:
        return 0;
    }
}

static int put_hooks(struct building *b)
{
    struct snapshot *snapshot = b->snapshot;
    for (size_t i = 0; i < snapshot->targets_count; i++) {
        struct target *target = &snapshot->targets[i];
        if (target->entry->kind != ENTRY_HOOK) {
            continue;
        }
        struct point *point = map_get(snapshot->points, bytes_of(target->entry->name));
        if (!point) {
            continue; /* the plugin that offers it is not loaded: nothing to hook into */
        }
        struct hook_list *list = &point->stages[target->entry->stage];
        list->hooks = mem_realloc(list->hooks, (list->count + 1) * sizeof(struct target));
        list->hooks[list->count++] = *target;
        point->total++;
    }
    size_t cursor = 0;
    struct bytes name;
    void *value;
    while (map_next(snapshot->points, &cursor, &name, &value)) {
        struct point *point = value;
        for (int stage = 0; stage < STAGES; stage++) {
            int err = hook_order(&point->stages[stage], b->message, b->message_size);
            if (err) {
                return err;
            }
        }
    }
    return 0;
}

static int check_requires(struct building *b)
{
    const struct snapshot *snapshot = b->snapshot;
    for (size_t g = 0; g < snapshot->generations_count; g++) {
        const struct manifest *manifest = snapshot->generations[g]->bundle->manifest;
        for (size_t i = 0; i < manifest->requires.count; i++) {
            if (!snapshot_plugin(snapshot, bytes_of(manifest->requires.items[i]))) {
                snprintf(b->message, b->message_size, "%s needs the plugin %s, which is not loaded",
                         manifest->name, manifest->requires.items[i]);
                return ERR_NOT_FOUND;
            }
        }
    }
    return 0;
}

static void open_maps(struct snapshot *snapshot)
{
    snapshot->methods = map_new(0);
    snapshot->exports = map_new(0);
    snapshot->routes = map_new(0);
    snapshot->commands = map_new(0);
    snapshot->points = map_new(0);
    snapshot->topics = map_new(0);
}

/* The generations of a snapshot that came to nothing are still the caller's to release. */
static void leave_generations(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->generations_count; i++) {
        snapshot->generations[i]->snapshots--;
    }
    snapshot->generations_count = 0;
}

int snapshot_new(struct snapshot **out, struct runtime *runtime, struct generation *const *list,
                 size_t count, char *message, size_t message_size)
{
    struct snapshot *snapshot = mem_alloc(sizeof(*snapshot));
    struct building building = {snapshot, message, message_size};
    snapshot->runtime = runtime;
    snapshot->number = ++runtime->snapshots_made;
    snapshot->generations = mem_alloc_array(count ? count : 1, sizeof(struct generation *));
    for (size_t i = 0; i < count; i++) {
        snapshot->generations[i] = list[i];
        list[i]->snapshots++;
    }
    snapshot->generations_count = count;
    qsort(snapshot->generations, count, sizeof(struct generation *), by_name);
    open_maps(snapshot);
    make_targets(snapshot);
    int err = check_requires(&building);
    for (size_t i = 0; !err && i < snapshot->targets_count; i++) {
        err = put_target(&building, &snapshot->targets[i]);
    }
    if (!err) {
        err = put_hooks(&building);
    }
    if (err) {
        leave_generations(snapshot);
        snapshot_free(snapshot);
        return err;
    }
    *out = snapshot;
    return 0;
}

static void free_points(struct snapshot *snapshot)
{
    size_t cursor = 0;
    struct bytes name;
    void *value;
    while (map_next(snapshot->points, &cursor, &name, &value)) {
        struct point *point = value;
        for (int stage = 0; stage < STAGES; stage++) {
            mem_free(point->stages[stage].hooks);
        }
        mem_free(point);
    }
    map_free(snapshot->points);
}

static void free_topics(struct snapshot *snapshot)
{
    size_t cursor = 0;
    struct bytes name;
    void *value;
    while (map_next(snapshot->topics, &cursor, &name, &value)) {
        struct topic *topic = value;
        mem_free(topic->targets);
        mem_free(topic);
    }
    map_free(snapshot->topics);
}

void snapshot_free(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->generations_count; i++) {
        snapshot->generations[i]->snapshots--;
        generation_release(snapshot->generations[i]);
    }
    map_free(snapshot->methods);
    map_free(snapshot->exports);
    map_free(snapshot->routes);
    map_free(snapshot->commands);
    free_points(snapshot);
    free_topics(snapshot);
    mem_free(snapshot->prefixes);
    mem_free(snapshot->targets);
    mem_free(snapshot->first_target);
    mem_free(snapshot->generations);
    mem_free(snapshot);
}

static size_t find_plugin(const struct snapshot *snapshot, struct bytes name)
{
    size_t low = 0;
    size_t high = snapshot->generations_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const char *here = snapshot->generations[middle]->bundle->manifest->name;
        int order = bytes_compare(name, bytes_of(here));
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return snapshot->generations_count;
}

struct generation *snapshot_plugin(const struct snapshot *snapshot, struct bytes name)
{
    size_t at = find_plugin(snapshot, name);
    return at < snapshot->generations_count ? snapshot->generations[at] : NULL;
}

const struct target *snapshot_find(const struct snapshot *snapshot, struct bytes plugin,
                                   enum entry_kind kind, struct bytes name)
{
    size_t at = find_plugin(snapshot, plugin);
    if (at == snapshot->generations_count) {
        return NULL;
    }
    const struct wiring *wiring = snapshot->generations[at]->wiring;
    const struct entry *entry = wiring_find(wiring, kind, name);
    return entry
               ? &snapshot->targets[snapshot->first_target[at] + (size_t)(entry - wiring->entries)]
               : NULL;
}

const struct target *snapshot_route(const struct snapshot *snapshot, const char *method,
                                    const char *path)
{
    char name[16 + HTTP_PATH_MAX];
    int len = snprintf(name, sizeof(name), "%s %s", method, path);
    if (len < 0 || (size_t)len >= sizeof(name)) {
        return NULL;
    }
    const struct target *target = map_get(snapshot->routes, (struct bytes){name, (size_t)len});
    for (size_t i = 0; !target && i < snapshot->prefixes_count; i++) {
        struct bytes prefix = bytes_of(snapshot->prefixes[i].entry->name);
        prefix.len--; /* the star */
        if (bytes_starts_with((struct bytes){name, (size_t)len}, prefix)) {
            target = &snapshot->prefixes[i];
        }
    }
    return target;
}
