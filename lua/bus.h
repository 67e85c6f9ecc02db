/*
 * Events between plugins: published on one worker, handled by the cells that
 * subscribed, on the same or on every worker, after the current turn. A keyed
 * subscriber gets only the keys it follows, and a publisher pays a look-up when
 * nobody does.
 */
#ifndef LUA_BUS_H
#define LUA_BUS_H

#include "lua/core.h"

#define BUS_FOLLOWS_MAX 100000 /* keys one plugin follows on one worker */
#define BUS_TOPIC_MAX 64
#define BUS_KEY_MAX 256

struct follows;

struct follows *follows_new(void);
void follows_free(struct follows *follows);

/* Whether anybody would get it; packing the data is then worth it. */
bool bus_is_heard(struct runtime_worker *worker, struct snapshot *snapshot, struct bytes topic,
                  struct bytes key);
/* Hands packed data to the subscribers everywhere. Never waits. hops: of the event that publishes,
 * and this one. */
void bus_publish(struct runtime_worker *worker, struct snapshot *snapshot, unsigned hops,
                 struct bytes topic, struct bytes key, struct bytes packed);
/* 0 or ERR_FULL. */
int bus_follow(struct runtime_worker *worker, struct slot *slot, struct bytes topic,
               struct bytes key);
void bus_unfollow(struct runtime_worker *worker, struct slot *slot, struct bytes topic,
                  struct bytes key);
/* Unfollows everything. */
void bus_forget(struct runtime_worker *worker, struct slot *slot);

#endif
