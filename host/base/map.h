/*
 * Bytes to pointer: open addressing, keys copied, hashed with the process's
 * secret seed. Not for more than one thread at a time.
 */
#ifndef HOST_BASE_MAP_H
#define HOST_BASE_MAP_H

#include "host/base/bytes.h"

struct map;

/* count_max 0 means no limit of its own. */
struct map *map_new(size_t count_max);
/* Does not touch the values. */
void map_free(struct map *map);
/* The value, or NULL. */
void *map_get(const struct map *map, struct bytes key);
/* 0 and the value before in *old (NULL if none; old may be NULL), or ERR_FULL. value is not NULL.
 */
int map_put(struct map *map, struct bytes key, void *value, void **old);
/* The value that was there, or NULL. */
void *map_remove(struct map *map, struct bytes key);
size_t map_count(const struct map *map);
/* Walks all entries from *cursor = 0; false at the end. No change during a walk but map_remove of
 * the entry just given. */
bool map_next(const struct map *map, size_t *cursor, struct bytes *key, void **value);

#endif
