#include "host/session/table.h"

#include "host/base/mem.h"
#include "host/session/session_private.h"

#define CAPACITY_MIN 8

void table_open(struct table *table, enum table_key key)
{
    *table = (struct table){.key = key};
}

void table_close(struct table *table)
{
    mem_free(table->entries);
    table_open(table, table->key);
}

static struct bytes key_of(const struct table *table, const struct identity *identity)
{
    return table->key == TABLE_BY_USER
               ? (struct bytes){identity_user(identity), identity->user_len}
               : (struct bytes){identity_login(identity), identity->login_len};
}

/* The entry of this key, or the empty one where it would be. There is always an empty one. */
static struct table_entry *find(const struct table *table, uint64_t hash, struct bytes key)
{
    size_t mask = table->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct table_entry *entry = &table->entries[i];
        if (entry->identity == NULL ||
            (entry->hash == hash && bytes_equal(key_of(table, entry->identity), key))) {
            return entry;
        }
    }
}

struct identity *table_get(const struct table *table, uint64_t hash, struct bytes key)
{
    return table->capacity == 0 ? NULL : find(table, hash, key)->identity;
}

static void grow(struct table *table)
{
    struct table_entry *old = table->entries;
    size_t old_capacity = table->capacity;
    table->capacity = old_capacity == 0 ? CAPACITY_MIN : old_capacity * 2;
    table->entries = mem_alloc_array(table->capacity, sizeof(struct table_entry));
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].identity != NULL) {
            *find(table, old[i].hash, key_of(table, old[i].identity)) = old[i];
        }
    }
    mem_free(old);
}

void table_put(struct table *table, uint64_t hash, struct identity *identity)
{
    if ((table->used + 1) * 4 > table->capacity * 3) {
        grow(table);
    }
    struct table_entry *entry = find(table, hash, key_of(table, identity));
    table->used += entry->identity == NULL;
    *entry = (struct table_entry){hash, identity};
}

/* Moves what stands behind the gap into it, as long as that is nearer to its own place. */
static void close_gap(struct table *table, size_t gap)
{
    size_t mask = table->capacity - 1;
    for (size_t i = (gap + 1) & mask; table->entries[i].identity != NULL; i = (i + 1) & mask) {
        size_t home = (size_t)table->entries[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            table->entries[gap] = table->entries[i];
            gap = i;
        }
    }
    table->entries[gap] = (struct table_entry){0};
}

void table_remove(struct table *table, uint64_t hash, struct bytes key)
{
    if (table->capacity == 0) {
        return;
    }
    struct table_entry *entry = find(table, hash, key);
    if (entry->identity != NULL) {
        table->used--;
        close_gap(table, (size_t)(entry - table->entries));
    }
}
