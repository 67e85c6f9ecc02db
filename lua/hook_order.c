#include "lua/hook_order.h"

#include "host/base/err.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *plugin_of(const struct target *target)
{
    return target->generation->bundle->manifest->name;
}

static int by_plugin(const void *a, const void *b)
{
    return strcmp(plugin_of(a), plugin_of(b));
}

static bool names(const struct text_list *list, const char *plugin)
{
    return text_list_matches(list, bytes_of(plugin));
}

/* Whether `first` has to come before `second`. */
static bool must_precede(const struct target *first, const struct target *second)
{
    return names(&first->entry->before, plugin_of(second)) ||
           names(&second->entry->after, plugin_of(first));
}

/* The first in name order, of those not placed, that no other unplaced one must precede. */
static size_t next_free(const struct hook_list *list, const bool *placed)
{
    for (size_t i = 0; i < list->count; i++) {
        bool is_free = !placed[i];
        for (size_t other = 0; is_free && other < list->count; other++) {
            is_free =
                other == i || placed[other] || !must_precede(&list->hooks[other], &list->hooks[i]);
        }
        if (is_free) {
            return i;
        }
    }
    return list->count;
}

/* Every unplaced one is preceded by another, so going back often enough ends inside a circle. */
static const struct target *in_circle(const struct hook_list *list, const bool *placed)
{
    size_t at = 0;
    while (placed[at]) {
        at++;
    }
    for (size_t step = 0; step < list->count; step++) {
        size_t before = 0;
        while (before == at || placed[before] ||
               !must_precede(&list->hooks[before], &list->hooks[at])) {
            before++;
        }
        at = before;
    }
    return &list->hooks[at];
}

int hook_order(struct hook_list *list, char *message, size_t message_size)
{
    if (list->count < 2) {
        return 0;
    }
    qsort(list->hooks, list->count, sizeof(struct target), by_plugin);
    struct target *sorted = mem_alloc_array(list->count, sizeof(*sorted));
    bool *placed = mem_alloc_array(list->count, sizeof(*placed));
    int err = 0;
    for (size_t n = 0; n < list->count; n++) {
        size_t i = next_free(list, placed);
        if (i == list->count) {
            const struct target *one = in_circle(list, placed);
            snprintf(message, message_size,
                     "the before/after edges of hooks on %s make a circle, %s is in it",
                     one->entry->name, plugin_of(one));
            err = ERR_INVALID;
            break;
        }
        placed[i] = true;
        sorted[n] = list->hooks[i];
    }
    if (!err) {
        memcpy(list->hooks, sorted, list->count * sizeof(*sorted));
    }
    mem_free(sorted);
    mem_free(placed);
    return err;
}
