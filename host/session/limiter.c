/*
 * A bucket is one number: when it will be full again. Each token taken moves
 * that moment on by the time one token needs, so nothing has to refill it, and
 * a bucket whose moment is past is as good as none.
 *
 * Buckets live in sets of eight, chosen by the key's hash. Keys are known by
 * their 64 secret-seeded bits: two of them meet about never, and would then
 * share a rate.
 */
#include "host/session/limiter.h"

#include "host/base/clock.h"
#include "host/base/mem.h"

#include <math.h>
#include <pthread.h>

#define WAYS 8
#define SETS (LIMITER_BUCKETS_MAX / WAYS)
#define LOCKS 64
#define PER_S_MIN 1e-6
#define WAIT_MS_MAX (INT64_C(1000) * 60 * 60 * 24 * 366)

struct bucket {
    uint64_t key;
    double full_at_ms;
};

struct set {
    struct bucket buckets[WAYS];
};

struct limiter {
    struct set *sets; /* zero pages until they are used */
    pthread_mutex_t locks[LOCKS];
};

struct limiter *limiter_new(void)
{
    struct limiter *limiter = mem_alloc(sizeof(*limiter));
    limiter->sets = mem_alloc_array(SETS, sizeof(struct set));
    for (size_t i = 0; i < LOCKS; i++) {
        pthread_mutex_init(&limiter->locks[i], NULL);
    }
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (limiter == NULL) {
        return;
    }
    for (size_t i = 0; i < LOCKS; i++) {
        pthread_mutex_destroy(&limiter->locks[i]);
    }
    mem_free(limiter->sets);
    mem_free(limiter);
}

/* The key's bucket, or the fullest of its set, made new. */
static struct bucket *find(struct set *set, uint64_t key)
{
    struct bucket *fullest = &set->buckets[0];
    for (size_t i = 0; i < WAYS; i++) {
        struct bucket *bucket = &set->buckets[i];
        if (bucket->key == key) {
            return bucket;
        }
        if (bucket->full_at_ms < fullest->full_at_ms) {
            fullest = bucket;
        }
    }
    *fullest = (struct bucket){.key = key};
    return fullest;
}

static int64_t take(struct bucket *bucket, double now_ms, double per_s, double burst)
{
    double token_ms = 1000 / per_s;
    double full_at_ms = fmax(bucket->full_at_ms, now_ms) + token_ms;
    double wait_ms = full_at_ms - now_ms - burst * token_ms;
    if (wait_ms > 1e-6) { /* what rounding leaves is no time */
        return wait_ms > (double)WAIT_MS_MAX ? WAIT_MS_MAX : (int64_t)ceil(wait_ms);
    }
    bucket->full_at_ms = full_at_ms;
    return 0;
}

int64_t limiter_take(struct limiter *limiter, struct bytes key, double per_s, double burst)
{
    uint64_t hash = bytes_hash(key, bytes_hash_seed()) | 1; /* 0 is no key */
    size_t set = (size_t)(hash >> 1) % SETS;
    pthread_mutex_t *lock = &limiter->locks[set % LOCKS];
    double now_ms = (double)clock_steady_ms();
    pthread_mutex_lock(lock);
    int64_t wait_ms =
        take(find(&limiter->sets[set], hash), now_ms, fmax(per_s, PER_S_MIN), fmax(burst, 1));
    pthread_mutex_unlock(lock);
    return wait_ms;
}
