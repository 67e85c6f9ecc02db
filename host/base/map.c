#include "host/base/map.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#define MAP_SLOTS_MIN 16

/*
 * Linear probing. A removed entry leaves a grave, so that a walk sees no entry
 * move; graves are swept when the table is rebuilt.
 */
enum slot_state { SLOT_EMPTY, SLOT_GRAVE, SLOT_USED };

struct slot {
    enum slot_state state;
    uint64_t hash;
    struct bytes key;
    void *value;
};

struct map {
    struct slot *slots;
    size_t slot_count; /* a power of two */
    size_t used;
    size_t graves;
    size_t count_max;
};

struct map *map_new(size_t count_max)
{
    struct map *map = mem_alloc(sizeof(*map));
    map->slots = mem_alloc_array(MAP_SLOTS_MIN, sizeof(*map->slots));
    map->slot_count = MAP_SLOTS_MIN;
    map->count_max = count_max;
    return map;
}

static void slot_free_key(struct slot *slot)
{
    union {
        const char *lent;
        char *owned;
    } key = {slot->key.data};
    mem_free(key.owned);
}

void map_free(struct map *map)
{
    if (map == NULL) {
        return;
    }
    for (size_t i = 0; i < map->slot_count; i++) {
        if (map->slots[i].state == SLOT_USED) {
            slot_free_key(&map->slots[i]);
        }
    }
    mem_free(map->slots);
    mem_free(map);
}

static struct slot *map_find(const struct map *map, struct bytes key, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &map->slots[i];
        if (slot->state == SLOT_EMPTY) {
            return NULL;
        }
        if (slot->state == SLOT_USED && slot->hash == hash && bytes_equal(slot->key, key)) {
            return slot;
        }
    }
}

static struct slot *slot_for_new(struct slot *slots, size_t slot_count, uint64_t hash)
{
    size_t i = (size_t)hash & (slot_count - 1);
    while (slots[i].state == SLOT_USED) {
        i = (i + 1) & (slot_count - 1);
    }
    return &slots[i];
}

/* Keeps a quarter of the slots empty, so that every search ends soon. */
static void map_make_room(struct map *map)
{
    if ((map->used + map->graves + 1) * 4 <= map->slot_count * 3) {
        return;
    }
    size_t slot_count = map->slot_count;
    if ((map->used + 1) * 2 > slot_count) {
        slot_count *= 2;
    }
    struct slot *slots = mem_alloc_array(slot_count, sizeof(*slots));
    for (size_t i = 0; i < map->slot_count; i++) {
        if (map->slots[i].state == SLOT_USED) {
            *slot_for_new(slots, slot_count, map->slots[i].hash) = map->slots[i];
        }
    }
    mem_free(map->slots);
    map->slots = slots;
    map->slot_count = slot_count;
    map->graves = 0;
}

void *map_get(const struct map *map, struct bytes key)
{
    struct slot *slot = map_find(map, key, bytes_hash(key, bytes_hash_seed()));
    return slot ? slot->value : NULL;
}

int map_put(struct map *map, struct bytes key, void *value, void **old)
{
    CHECK(value != NULL);
    uint64_t hash = bytes_hash(key, bytes_hash_seed());
    struct slot *slot = map_find(map, key, hash);
    if (old != NULL) {
        *old = slot ? slot->value : NULL;
    }
    if (slot != NULL) {
        slot->value = value;
        return 0;
    }
    if (map->count_max != 0 && map->used >= map->count_max) {
        return ERR_FULL;
    }
    map_make_room(map);
    slot = slot_for_new(map->slots, map->slot_count, hash);
    map->graves -= slot->state == SLOT_GRAVE;
    map->used++;
    struct bytes copy = {mem_copy_text(key.data, key.len), key.len};
    *slot = (struct slot){SLOT_USED, hash, copy, value};
    return 0;
}

void *map_remove(struct map *map, struct bytes key)
{
    struct slot *slot = map_find(map, key, bytes_hash(key, bytes_hash_seed()));
    if (slot == NULL) {
        return NULL;
    }
    void *value = slot->value;
    slot_free_key(slot);
    *slot = (struct slot){.state = SLOT_GRAVE};
    map->used--;
    map->graves++;
    return value;
}

size_t map_count(const struct map *map)
{
    return map->used;
}

bool map_next(const struct map *map, size_t *cursor, struct bytes *key, void **value)
{
    while (*cursor < map->slot_count) {
        const struct slot *slot = &map->slots[(*cursor)++];
        if (slot->state != SLOT_USED) {
            continue;
        }
        if (key != NULL) {
            *key = slot->key;
        }
        if (value != NULL) {
            *value = slot->value;
        }
        return true;
    }
    return false;
}
