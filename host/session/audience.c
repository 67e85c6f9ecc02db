/* One block of memory: entries sorted by hash, and the texts behind them. */
#include "host/session/audience.h"

#include "host/base/check.h"
#include "host/base/mem.h"
#include "host/session/session_private.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct audience {
    _Atomic uint32_t references;
    size_t count;
    struct audience_entry entries[];
};

static int compare_entries(const void *a, const void *b)
{
    const struct audience_entry *left = a;
    const struct audience_entry *right = b;
    if (left->hash != right->hash) {
        return left->hash < right->hash ? -1 : 1;
    }
    return bytes_compare(left->user, right->user);
}

static size_t drop_duplicates(struct audience_entry *entries, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_entries(&entries[kept - 1], &entries[i]) != 0) {
            entries[kept++] = entries[i];
        }
    }
    return kept;
}

struct audience *audience_new(const struct bytes *user_ids, size_t count)
{
    if (count > AUDIENCE_USERS_MAX) {
        return NULL;
    }
    size_t head = sizeof(struct audience) + count * sizeof(struct audience_entry);
    size_t bytes = head;
    for (size_t i = 0; i < count; i++) {
        bytes += user_ids[i].len;
    }
    struct audience *audience = mem_try_alloc(bytes);
    if (audience == NULL) {
        return NULL;
    }
    atomic_init(&audience->references, 1);
    char *text = (char *)audience + head;
    uint64_t seed = bytes_hash_seed();
    for (size_t i = 0; i < count; i++) {
        struct bytes copy = {text, user_ids[i].len};
        if (copy.len > 0) {
            memcpy(text, user_ids[i].data, copy.len);
            text += copy.len;
        }
        audience->entries[i] = (struct audience_entry){bytes_hash(copy, seed), copy};
    }
    qsort(audience->entries, count, sizeof(struct audience_entry), compare_entries);
    audience->count = drop_duplicates(audience->entries, count);
    return audience;
}

struct audience *audience_share(struct audience *audience)
{
    atomic_fetch_add_explicit(&audience->references, 1, memory_order_relaxed);
    return audience;
}

void audience_release(struct audience *audience)
{
    if (audience != NULL &&
        atomic_fetch_sub_explicit(&audience->references, 1, memory_order_acq_rel) == 1) {
        mem_free(audience);
    }
}

size_t audience_count(const struct audience *audience)
{
    return audience->count;
}

struct bytes audience_user(const struct audience *audience, size_t index)
{
    CHECK(index < audience->count);
    return audience->entries[index].user;
}

const struct audience_entry *audience_entries(const struct audience *audience)
{
    return audience->entries;
}
