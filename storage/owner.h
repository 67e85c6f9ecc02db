/*
 * Owners: what a plugin may touch, as names only. Nothing here knows SQLite.
 *
 * An owner ends when its last user lets go, but its memory stays until every
 * connection has dropped the statements it had prepared for it.
 */
#ifndef STORAGE_OWNER_H
#define STORAGE_OWNER_H

#include "storage/db.h"

#define OWNER_NAME_MAX 48
#define OWNER_GRANTS_MAX 64

struct owners;

struct owners *owners_new(void);
/* The last owner takes the rest of the memory with it. */
void owners_free(struct owners *owners);

/* As db_owner_new. */
struct db_owner *owners_get(struct owners *owners, const char *name, const char *const *grants,
                            size_t grants_count);

/* For a connection that keeps statements of an owner: keeps the memory, not the owner. */
void owner_hold(struct db_owner *owner);
void owner_drop(struct db_owner *owner);
/* No user is left; what was prepared for it can go. */
bool owner_is_dead(const struct db_owner *owner);

const char *owner_name(const struct db_owner *owner);
/* Names compare without regard to ASCII case, as SQL's do. */
bool owner_has_table(const struct db_owner *owner, const char *table);
bool owner_may_read(const struct db_owner *owner, const char *table);

#endif
