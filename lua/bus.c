#include "lua/bus.h"

#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/event.h"
#include "lua/pack.h"

#include <pthread.h>
#include <string.h>

#define FOLLOW_KEY_MAX (BUS_TOPIC_MAX + 1 + BUS_KEY_MAX)

/* Who follows a key: how many plugins on each worker. */
struct follow {
    uint32_t workers; /* with a count above 0 */
    uint16_t counts[HUB_WORKERS_MAX];
};

struct follows {
    pthread_mutex_t lock;
    struct map *keys; /* "topic\0key" to struct follow */
};

struct follows *follows_new(void)
{
    struct follows *follows = mem_alloc(sizeof(*follows));
    pthread_mutex_init(&follows->lock, NULL);
    follows->keys = map_new(0);
    return follows;
}

void follows_free(struct follows *follows)
{
    size_t cursor = 0;
    struct bytes key;
    void *follow;
    while (map_next(follows->keys, &cursor, &key, &follow)) {
        mem_free(follow);
    }
    map_free(follows->keys);
    pthread_mutex_destroy(&follows->lock);
    mem_free(follows);
}

static struct bytes follow_key(char out[FOLLOW_KEY_MAX], struct bytes topic, struct bytes key)
{
    memcpy(out, topic.data, topic.len);
    out[topic.len] = '\0';
    memcpy(out + topic.len + 1, key.data, key.len);
    return (struct bytes){out, topic.len + 1 + key.len};
}

int bus_follow(struct runtime_worker *worker, struct slot *slot, struct bytes topic,
               struct bytes key)
{
    char text[FOLLOW_KEY_MAX];
    struct bytes both = follow_key(text, topic, key);
    if (map_get(slot->follows, both)) {
        return 0;
    }
    int err = map_put(slot->follows, both, slot, NULL);
    if (err) {
        return err;
    }
    struct follows *follows = worker->runtime->follows;
    pthread_mutex_lock(&follows->lock);
    struct follow *follow = map_get(follows->keys, both);
    if (!follow) {
        follow = mem_alloc(sizeof(*follow));
        map_put(follows->keys, both, follow, NULL);
    }
    if (follow->counts[worker->index]++ == 0) {
        follow->workers++;
    }
    pthread_mutex_unlock(&follows->lock);
    return 0;
}

static void follows_drop(struct runtime_worker *worker, struct bytes both)
{
    struct follows *follows = worker->runtime->follows;
    pthread_mutex_lock(&follows->lock);
    struct follow *follow = map_get(follows->keys, both);
    if (follow && --follow->counts[worker->index] == 0 && --follow->workers == 0) {
        map_remove(follows->keys, both);
        mem_free(follow);
    }
    pthread_mutex_unlock(&follows->lock);
}

void bus_unfollow(struct runtime_worker *worker, struct slot *slot, struct bytes topic,
                  struct bytes key)
{
    char text[FOLLOW_KEY_MAX];
    struct bytes both = follow_key(text, topic, key);
    if (map_remove(slot->follows, both)) {
        follows_drop(worker, both);
    }
}

void bus_forget(struct runtime_worker *worker, struct slot *slot)
{
    size_t cursor = 0;
    struct bytes both;
    void *value;
    while (map_next(slot->follows, &cursor, &both, &value)) {
        follows_drop(worker, both);
    }
    map_free(slot->follows);
    slot->follows = map_new(BUS_FOLLOWS_MAX);
}

/* The workers on which a keyed subscriber follows the key, as a list. */
static unsigned followers(struct runtime_worker *worker, struct bytes topic, struct bytes key,
                          bool on[HUB_WORKERS_MAX])
{
    char text[FOLLOW_KEY_MAX];
    struct bytes both = follow_key(text, topic, key);
    struct follows *follows = worker->runtime->follows;
    unsigned found = 0;
    pthread_mutex_lock(&follows->lock);
    const struct follow *follow = map_get(follows->keys, both);
    for (unsigned i = 0; follow && i < worker->runtime->options.workers; i++) {
        on[i] = follow->counts[i] > 0;
        found += on[i];
    }
    pthread_mutex_unlock(&follows->lock);
    return found;
}

/* Where a publication has to go. */
static bool bus_route(struct runtime_worker *worker, const struct topic *topic, struct bytes name,
                      struct bytes key, bool on[HUB_WORKERS_MAX])
{
    bool any = false;
    bool keyed = false;
    for (size_t i = 0; i < topic->count; i++) {
        const struct entry *entry = topic->targets[i].entry;
        if (entry->keyed) {
            keyed = true;
            continue;
        }
        any = true;
        for (unsigned w = 0; w < worker->runtime->options.workers; w++) {
            on[w] = on[w] || !entry->one_worker || w == worker->index;
        }
    }
    bool followed[HUB_WORKERS_MAX] = {false};
    if (keyed && key.len && followers(worker, name, key, followed)) {
        any = true;
        for (unsigned w = 0; w < worker->runtime->options.workers; w++) {
            on[w] = on[w] || followed[w];
        }
    }
    return any;
}

bool bus_is_heard(struct runtime_worker *worker, struct snapshot *snapshot, struct bytes name,
                  struct bytes key)
{
    bool on[HUB_WORKERS_MAX] = {false};
    const struct topic *topic = snapshot ? map_get(snapshot->topics, name) : NULL;
    return topic && bus_route(worker, topic, name, key, on);
}

/* ---- on the subscriber's worker ---- */

struct publication {
    struct letter letter;
    struct runtime_worker *worker;
    unsigned from;
    unsigned hops;
    size_t topic_len;
    size_t key_len;
    size_t packed_len;
    char data[]; /* topic, key, packed */
};

static int push_publication(lua_State *L, struct event *event)
{
    const struct publication *p = (const void *)event->kept;
    if (pack_push(L, (struct bytes){p->data + p->topic_len + p->key_len, p->packed_len})) {
        lua_pushnil(L);
    }
    lua_createtable(L, 0, 2); /* data about */
    lua_pushlstring(L, p->data, p->topic_len);
    lua_setfield(L, -2, "topic");
    if (p->key_len) {
        lua_pushlstring(L, p->data + p->topic_len, p->key_len);
        lua_setfield(L, -2, "key");
    }
    return 2;
}

static void publication_finish(struct event *event)
{
    if (event->failure.code && !event->is_counted) {
        event_count_dropped(event->worker); /* it never ran; other failures are in the log */
    }
}

static struct publication *publication_new(struct runtime_worker *to, unsigned from,
                                           struct bytes topic, struct bytes key,
                                           struct bytes packed)
{
    struct publication *p = mem_alloc(sizeof(*p) + topic.len + key.len + packed.len);
    p->worker = to;
    p->from = from;
    p->topic_len = topic.len;
    p->key_len = key.len;
    p->packed_len = packed.len;
    memcpy(p->data, topic.data, topic.len);
    if (key.len) {
        memcpy(p->data + topic.len, key.data, key.len);
    }
    memcpy(p->data + topic.len + key.len, packed.data, packed.len);
    return p;
}

static bool wants(const struct target *target, struct runtime_worker *worker, unsigned from,
                  struct bytes topic, struct bytes key)
{
    const struct entry *entry = target->entry;
    if (entry->one_worker && worker->index != from) {
        return false;
    }
    if (!entry->keyed) {
        return true;
    }
    char text[FOLLOW_KEY_MAX];
    return key.len &&
           map_get(target_cell(target, worker)->slot->follows, follow_key(text, topic, key));
}

/* Starts an event a subscriber. The snapshot is the worker's newest: its subscribers count. */
static void publication_spread(const struct publication *p)
{
    struct runtime_worker *worker = p->worker;
    struct bytes name = {p->data, p->topic_len};
    struct bytes key = {p->data + p->topic_len, p->key_len};
    struct snapshot *snapshot = worker->is_closing ? NULL : worker_admit(worker);
    if (!snapshot) {
        return;
    }
    const struct topic *topic = map_get(snapshot->topics, name);
    for (size_t i = 0; topic && i < topic->count; i++) {
        if (!wants(&topic->targets[i], worker, p->from, name, key)) {
            continue;
        }
        worker_hold(worker, snapshot);
        struct event *event = event_new(worker, snapshot, &topic->targets[i]);
        event->push = push_publication;
        event->finish = publication_finish;
        struct publication *copy = publication_new(
            worker, p->from, name, key, (struct bytes){key.data + key.len, p->packed_len});
        event->kept = (void *)copy;
        event->hops = p->hops;
        event_defer(event);
    }
    worker_leave(worker, snapshot);
}

static void publication_deliver(struct letter *letter)
{
    struct publication *p = LIST_ITEM(letter, struct publication, letter);
    publication_spread(p);
    mem_free(p);
}

void bus_publish(struct runtime_worker *worker, struct snapshot *snapshot, unsigned hops,
                 struct bytes name, struct bytes key, struct bytes packed)
{
    bool on[HUB_WORKERS_MAX] = {false};
    const struct topic *topic = snapshot ? map_get(snapshot->topics, name) : NULL;
    if (!topic || !bus_route(worker, topic, name, key, on)) {
        return;
    }
    for (unsigned w = 0; w < worker->runtime->options.workers; w++) {
        if (!on[w]) {
            continue;
        }
        struct publication *p =
            publication_new(worker->runtime->workers[w], worker->index, name, key, packed);
        p->hops = hops;
        p->letter.deliver = publication_deliver;
        if (w == worker->index) {
            publication_deliver(&p->letter);
        } else if (loop_post(p->worker->loop, &p->letter)) {
            event_count_dropped(worker); /* its mailbox is full */
            mem_free(p);
        }
    }
}
