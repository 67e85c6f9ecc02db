/* Owners are shared by all workers, so using one takes no lock; only making and ending does. */
#include "storage/owner.h"

#include "host/base/check.h"
#include "host/base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

struct owners {
    pthread_mutex_t mutex;
    struct db_owner *first;
    atomic_size_t refs; /* the database's and one an owner */
};

struct db_owner {
    struct owners *owners;
    struct db_owner *next;
    char *name;
    size_t name_len;
    char **grants;
    size_t grants_count;
    atomic_size_t users;
    atomic_bool dead; /* users came to 0, and stays there */
    atomic_size_t refs;
};

static void owners_unref(struct owners *owners)
{
    if (atomic_fetch_sub(&owners->refs, 1) == 1) {
        pthread_mutex_destroy(&owners->mutex);
        mem_free(owners);
    }
}

struct owners *owners_new(void)
{
    struct owners *owners = mem_alloc(sizeof(*owners));
    pthread_mutex_init(&owners->mutex, NULL);
    atomic_init(&owners->refs, 1);
    return owners;
}

void owners_free(struct owners *owners)
{
    owners_unref(owners);
}

/* A name with "_" could hide in another owner's: "chat" would own the tables of "chat_extra". */
static bool name_is_good(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > OWNER_NAME_MAX || name[0] < 'a' || name[0] > 'z') {
        return false;
    }
    static const char *const taken[] = {"mesh", "sqlite", "pragma", "json", "temp"};
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (strcmp(name, taken[i]) == 0) {
            return false;
        }
    }
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* An owner whose users came to 0 is on its way out and is not woken again. */
static bool join(struct db_owner *owner)
{
    size_t users = atomic_load(&owner->users);
    while (users > 0) {
        if (atomic_compare_exchange_weak(&owner->users, &users, users + 1)) {
            return true;
        }
    }
    return false;
}

static bool is_same(const struct db_owner *owner, const char *name, const char *const *grants,
                    size_t grants_count)
{
    if (strcmp(owner->name, name) != 0 || owner->grants_count != grants_count) {
        return false;
    }
    for (size_t i = 0; i < grants_count; i++) {
        if (strcmp(owner->grants[i], grants[i]) != 0) {
            return false;
        }
    }
    return true;
}

static struct db_owner *owner_make(struct owners *owners, const char *name,
                                   const char *const *grants, size_t grants_count)
{
    struct db_owner *owner = mem_alloc(sizeof(*owner));
    owner->owners = owners;
    atomic_fetch_add(&owners->refs, 1);
    owner->name_len = strlen(name);
    owner->name = mem_copy_text(name, owner->name_len);
    owner->grants = mem_alloc_array(grants_count + 1, sizeof(char *));
    owner->grants_count = grants_count;
    for (size_t i = 0; i < grants_count; i++) {
        owner->grants[i] = mem_copy_text(grants[i], strlen(grants[i]));
    }
    atomic_init(&owner->refs, 1);
    atomic_init(&owner->dead, false);
    atomic_init(&owner->users, 1);
    owner->next = owners->first;
    owners->first = owner;
    return owner;
}

struct db_owner *owners_get(struct owners *owners, const char *name, const char *const *grants,
                            size_t grants_count)
{
    if (!name_is_good(name) || grants_count > OWNER_GRANTS_MAX) {
        return NULL;
    }
    pthread_mutex_lock(&owners->mutex);
    struct db_owner *owner = owners->first;
    while (owner != NULL && !(is_same(owner, name, grants, grants_count) && join(owner))) {
        owner = owner->next;
    }
    if (owner == NULL) {
        owner = owner_make(owners, name, grants, grants_count);
    }
    pthread_mutex_unlock(&owners->mutex);
    return owner;
}

struct db_owner *db_owner_share(struct db_owner *owner)
{
    CHECK(atomic_fetch_add(&owner->users, 1) > 0);
    return owner;
}

static void unlink_owner(struct db_owner *owner)
{
    struct db_owner **at = &owner->owners->first;
    while (*at != owner) {
        at = &(*at)->next;
    }
    *at = owner->next;
}

void db_owner_release(struct db_owner *owner)
{
    if (owner == NULL) {
        return;
    }
    size_t users = atomic_fetch_sub(&owner->users, 1);
    CHECK(users > 0);
    if (users == 1) {
        pthread_mutex_lock(&owner->owners->mutex);
        unlink_owner(owner);
        pthread_mutex_unlock(&owner->owners->mutex);
        atomic_store(&owner->dead, true);
        owner_drop(owner);
    }
}

void owner_hold(struct db_owner *owner)
{
    atomic_fetch_add(&owner->refs, 1);
}

void owner_drop(struct db_owner *owner)
{
    if (atomic_fetch_sub(&owner->refs, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < owner->grants_count; i++) {
        mem_free(owner->grants[i]);
    }
    mem_free(owner->grants);
    mem_free(owner->name);
    owners_unref(owner->owners);
    mem_free(owner);
}

bool owner_is_dead(const struct db_owner *owner)
{
    return atomic_load(&owner->dead);
}

const char *owner_name(const struct db_owner *owner)
{
    return owner->name;
}

bool owner_has_table(const struct db_owner *owner, const char *table)
{
    for (size_t i = 0; i < owner->name_len; i++) {
        char want = owner->name[i];
        char have = table[i];
        have = have >= 'A' && have <= 'Z' ? (char)(have - 'A' + 'a') : have;
        if (want != have) {
            return false;
        }
    }
    return table[owner->name_len] == '_';
}

/* A full-text table reads tables of its own, which are named after it. */
static bool is_part_of(const char *table, const char *grant)
{
    size_t len = strlen(grant);
    if (strncasecmp(table, grant, len) != 0) {
        return false;
    }
    static const char *const parts[] = {"", "_data", "_idx", "_content", "_docsize", "_config"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strcasecmp(table + len, parts[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool owner_may_read(const struct db_owner *owner, const char *table)
{
    if (owner_has_table(owner, table)) {
        return true;
    }
    for (size_t i = 0; i < owner->grants_count; i++) {
        if (is_part_of(table, owner->grants[i])) {
            return true;
        }
    }
    return false;
}
