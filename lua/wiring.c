#include "lua/wiring.h"

#include "host/base/mem.h"
#include "host/base/schema.h"

#include <stdio.h>
#include <string.h>

struct wiring *wiring_new(void)
{
    return mem_alloc(sizeof(struct wiring));
}

static void text_list_close(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->items[i]);
    }
    mem_free(list->items);
}

static void entry_close(struct entry *entry)
{
    mem_free(entry->name);
    mem_free(entry->doc);
    schema_free(entry->params);
    schema_free(entry->result);
    schema_free(entry->query);
    text_list_close(&entry->before);
    text_list_close(&entry->after);
}

void wiring_free(struct wiring *wiring)
{
    if (!wiring) {
        return;
    }
    for (size_t i = 0; i < wiring->count; i++) {
        entry_close(&wiring->entries[i]);
    }
    mem_free(wiring->entries);
    mem_free(wiring);
}

struct entry *wiring_add(struct wiring *wiring, enum entry_kind kind, struct bytes name)
{
    if (wiring->count == WIRING_ENTRIES_MAX) {
        return NULL;
    }
    if (wiring->count == wiring->capacity) {
        wiring->capacity = wiring->capacity ? wiring->capacity * 2 : 16;
        wiring->entries = mem_realloc(wiring->entries, wiring->capacity * sizeof(struct entry));
    }
    struct entry *entry = &wiring->entries[wiring->count++];
    memset(entry, 0, sizeof(*entry));
    entry->kind = kind;
    entry->name = mem_copy_text(name.data, name.len);
    return entry;
}

const struct entry *wiring_find(const struct wiring *wiring, enum entry_kind kind,
                                struct bytes name)
{
    for (size_t i = 0; i < wiring->count; i++) {
        const struct entry *entry = &wiring->entries[i];
        if (entry->kind == kind && bytes_equal_text(name, entry->name)) {
            return entry;
        }
    }
    return NULL;
}

static const char *const kind_names[] = {
    [ENTRY_METHOD] = "method",   [ENTRY_EVENT] = "event",        [ENTRY_EXPORT] = "export",
    [ENTRY_POINT] = "point",     [ENTRY_HOOK] = "hook",          [ENTRY_ROUTE] = "route",
    [ENTRY_COMMAND] = "command", [ENTRY_BEARER] = "auth.bearer", [ENTRY_UPGRADE] = "auth.upgrade",
    [ENTRY_BUS] = "bus topic",   [ENTRY_TIMER] = "timer",        [ENTRY_EVERY] = "repeated timer",
};

const char *entry_kind_name(enum entry_kind kind)
{
    return kind_names[kind];
}

bool wiring_differs(const struct wiring *a, const struct wiring *b, char *message,
                    size_t message_size)
{
    size_t count = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < count; i++) {
        const struct entry *one = &a->entries[i];
        const struct entry *other = &b->entries[i];
        if (one->kind != other->kind || strcmp(one->name, other->name) != 0) {
            snprintf(message, message_size,
                     "start() registered %s %s on one worker and %s %s on another",
                     entry_kind_name(one->kind), one->name, entry_kind_name(other->kind),
                     other->name);
            return true;
        }
    }
    if (a->count != b->count) {
        snprintf(message, message_size,
                 "start() registered %zu things on one worker and %zu on another", a->count,
                 b->count);
        return true;
    }
    return false;
}
