/*
 * Identities by a text of theirs, whose hash the caller knows already: one
 * entry 16 bytes, no copies. Linear probing; removing closes the gap.
 */
#ifndef HOST_SESSION_TABLE_H
#define HOST_SESSION_TABLE_H

#include "host/base/bytes.h"

struct identity;

enum table_key { TABLE_BY_USER, TABLE_BY_LOGIN };

struct table_entry {
    uint64_t hash;
    struct identity *identity; /* NULL: empty */
};

struct table {
    struct table_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t used;
    enum table_key key;
};

void table_open(struct table *table, enum table_key key);
void table_close(struct table *table);
struct identity *table_get(const struct table *table, uint64_t hash, struct bytes key);
/* Puts it in the place of what has the same key. */
void table_put(struct table *table, uint64_t hash, struct identity *identity);
void table_remove(struct table *table, uint64_t hash, struct bytes key);

#endif
