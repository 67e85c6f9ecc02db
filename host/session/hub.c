/*
 * The registry: two tables of identities, by user and by login, each in 64
 * shards. Whoever needs both locks takes the user's first.
 */
#include "host/session/hub.h"

#include "host/base/check.h"
#include "host/base/list.h"
#include "host/base/mem.h"
#include "host/session/limiter.h"
#include "host/session/session_private.h"
#include "host/session/table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define SHARDS 64

struct shard {
    pthread_mutex_t lock;
    struct table table;
};

struct hub {
    struct shard users[SHARDS]; /* each entry the newest of a user's identities */
    struct shard logins[SHARDS];
    struct hub_place places[HUB_WORKERS_MAX];
    atomic_int workers;
    struct limiter *limiter;
};

static void missed_cb(struct letter *letter)
{
    struct hub_place *place = LIST_ITEM(letter, struct hub_place, missed);
    struct desk *desk = atomic_load(&place->desk);
    atomic_store(&place->has_missed, false); /* what is missed from now on needs a letter more */
    if (desk == NULL) {
        return;
    }
    for (uint32_t i = 0; i < desk->slots_count; i++) {
        struct session *session = desk->slots[i].session;
        if (session != NULL && session->identity != NULL) {
            session_send(session, desk->reset_frame);
        }
    }
}

struct hub *hub_new(void)
{
    struct hub *hub = mem_alloc(sizeof(*hub));
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&hub->users[i].lock, NULL);
        pthread_mutex_init(&hub->logins[i].lock, NULL);
        table_open(&hub->users[i].table, TABLE_BY_USER);
        table_open(&hub->logins[i].table, TABLE_BY_LOGIN);
    }
    for (size_t i = 0; i < HUB_WORKERS_MAX; i++) {
        hub->places[i].missed.deliver = missed_cb;
    }
    hub->limiter = limiter_new();
    return hub;
}

void hub_free(struct hub *hub)
{
    if (hub == NULL) {
        return;
    }
    CHECK(atomic_load(&hub->workers) == 0);
    for (size_t i = 0; i < SHARDS; i++) {
        table_close(&hub->users[i].table);
        table_close(&hub->logins[i].table);
        pthread_mutex_destroy(&hub->users[i].lock);
        pthread_mutex_destroy(&hub->logins[i].lock);
    }
    limiter_free(hub->limiter);
    mem_free(hub);
}

struct limiter *hub_limiter(struct hub *hub)
{
    return hub->limiter;
}

int hub_workers(const struct hub *hub)
{
    return atomic_load(&hub->workers);
}

struct hub_place *hub_place(struct hub *hub, unsigned index)
{
    CHECK(index < HUB_WORKERS_MAX);
    return &hub->places[index];
}

void hub_add_desk(struct hub *hub, unsigned index, struct desk *desk)
{
    struct hub_place *place = hub_place(hub, index);
    CHECK(atomic_load(&place->desk) == NULL);
    place->loop = desk->loop;
    atomic_store(&place->desk, desk);
    atomic_fetch_add(&hub->workers, 1);
}

void hub_remove_desk(struct hub *hub, unsigned index)
{
    atomic_store(&hub_place(hub, index)->desk, NULL);
    atomic_fetch_sub(&hub->workers, 1);
}

unsigned hub_shard_of(uint64_t hash)
{
    return (unsigned)(hash >> 58); /* the tables use the low bits */
}

static struct shard *lock_shard(struct shard *shards, uint64_t hash)
{
    struct shard *shard = &shards[hub_shard_of(hash)];
    pthread_mutex_lock(&shard->lock);
    return shard;
}

static void unlock_shard(struct shard *shard)
{
    pthread_mutex_unlock(&shard->lock);
}

static struct bytes user_of(const struct identity *identity)
{
    return (struct bytes){identity_user(identity), identity->user_len};
}

static struct bytes login_of(const struct identity *identity)
{
    return (struct bytes){identity_login(identity), identity->login_len};
}

/* ---- under the lock of the user's shard ---- */

static size_t count_listed(const struct identity *newest)
{
    size_t count = 0;
    for (; newest != NULL; newest = newest->older) {
        count++;
    }
    return count;
}

static void remove_login(struct hub *hub, const struct identity *identity)
{
    struct shard *logins = lock_shard(hub->logins, identity->login_hash);
    struct bytes login = login_of(identity);
    if (table_get(&logins->table, identity->login_hash, login) == identity) {
        table_remove(&logins->table, identity->login_hash, login);
    }
    unlock_shard(logins);
}

/* Takes one out of its user's list and of the logins. */
static void unlist(struct hub *hub, struct table *users, struct identity *identity)
{
    struct identity *newest = table_get(users, identity->user_hash, user_of(identity));
    if (newest == identity) {
        if (identity->older != NULL) {
            table_put(users, identity->user_hash, identity->older);
        } else {
            table_remove(users, identity->user_hash, user_of(identity));
        }
    } else {
        struct identity *newer = newest;
        while (newer->older != identity) {
            newer = newer->older;
        }
        newer->older = identity->older;
    }
    identity->older = NULL;
    identity->is_listed = false;
    remove_login(hub, identity);
}

static struct identity *find_same_login(struct identity *newest, const struct identity *identity)
{
    while (newest != NULL && !bytes_equal(login_of(newest), login_of(identity))) {
        newest = newest->older;
    }
    return newest;
}

static struct identity *oldest_of(struct identity *identity)
{
    while (identity->older != NULL) {
        identity = identity->older;
    }
    return identity;
}

/* A login of two users is nothing a sane caller makes; the older one goes all the same. */
static connection_id put_login(struct hub *hub, struct identity *identity)
{
    struct shard *logins = lock_shard(hub->logins, identity->login_hash);
    const struct identity *other =
        table_get(&logins->table, identity->login_hash, login_of(identity));
    connection_id replaced = other != NULL ? other->connection : CONNECTION_NONE;
    table_put(&logins->table, identity->login_hash, identity);
    unlock_shard(logins);
    return replaced;
}

/* ---- what others call ---- */

size_t hub_list(struct hub *hub, struct identity *identity, connection_id replaced[2])
{
    replaced[0] = CONNECTION_NONE;
    replaced[1] = CONNECTION_NONE;
    struct shard *users = lock_shard(hub->users, identity->user_hash);
    struct bytes user = user_of(identity);
    struct identity *newest = table_get(&users->table, identity->user_hash, user);
    struct identity *loser = find_same_login(newest, identity);
    if (loser == NULL && count_listed(newest) >= HUB_USER_SESSIONS_MAX) {
        loser = oldest_of(newest);
    }
    if (loser != NULL) {
        replaced[0] = loser->connection;
        unlist(hub, &users->table, loser);
        newest = table_get(&users->table, identity->user_hash, user);
    }
    identity->older = newest;
    identity->is_listed = true;
    table_put(&users->table, identity->user_hash, identity);
    replaced[1] = put_login(hub, identity);
    size_t count = count_listed(identity);
    unlock_shard(users);
    return count;
}

size_t hub_unlist(struct hub *hub, struct identity *identity)
{
    struct shard *users = lock_shard(hub->users, identity->user_hash);
    if (identity->is_listed) {
        unlist(hub, &users->table, identity);
    }
    size_t count = count_listed(table_get(&users->table, identity->user_hash, user_of(identity)));
    unlock_shard(users);
    return count;
}

size_t hub_find_users(struct hub *hub, const struct audience_entry *users, size_t count,
                      connection_id *out, size_t max, size_t *taken)
{
    CHECK(count > 0 && max >= HUB_USER_SESSIONS_MAX);
    size_t found = 0;
    size_t i = 0;
    struct shard *shard = lock_shard(hub->users, users[0].hash);
    for (; i < count && found + HUB_USER_SESSIONS_MAX <= max; i++) {
        const struct identity *identity = table_get(&shard->table, users[i].hash, users[i].user);
        for (; identity != NULL; identity = identity->older) {
            out[found++] = identity->connection;
        }
    }
    unlock_shard(shard);
    *taken = i;
    return found;
}

size_t hub_take_user(struct hub *hub, struct bytes user, connection_id spared, connection_id *out,
                     size_t max)
{
    uint64_t hash = bytes_hash(user, bytes_hash_seed());
    struct shard *users = lock_shard(hub->users, hash);
    struct identity *identity = table_get(&users->table, hash, user);
    size_t count = 0;
    while (identity != NULL && count < max) {
        struct identity *older = identity->older;
        if (identity->connection != spared) {
            out[count++] = identity->connection;
            unlist(hub, &users->table, identity);
        }
        identity = older;
    }
    unlock_shard(users);
    return count;
}

connection_id hub_find_login(struct hub *hub, struct bytes login)
{
    uint64_t hash = bytes_hash(login, bytes_hash_seed());
    struct shard *logins = lock_shard(hub->logins, hash);
    const struct identity *identity = table_get(&logins->table, hash, login);
    connection_id connection = identity != NULL ? identity->connection : CONNECTION_NONE;
    unlock_shard(logins);
    return connection;
}

static void describe(const struct identity *identity, struct hub_session *out)
{
    out->connection = identity->connection;
    out->opened_at_ms = identity->opened_at_ms;
    memcpy(out->device_id, identity_device(identity), identity->device_len + (size_t)1);
    memcpy(out->session_id, identity_login(identity), identity->login_len + (size_t)1);
}

size_t hub_sessions_of(struct hub *hub, struct bytes user_id, struct hub_session *out, size_t max)
{
    uint64_t hash = bytes_hash(user_id, bytes_hash_seed());
    struct shard *users = lock_shard(hub->users, hash);
    const struct identity *identity = table_get(&users->table, hash, user_id);
    size_t count = 0;
    for (; identity != NULL; identity = identity->older) {
        if (count < max) {
            describe(identity, &out[count]);
        }
        count++;
    }
    unlock_shard(users);
    return count;
}
