/*
 * Token buckets by key, shared by all workers: rates of calls by user, of
 * logins by address, and whatever plugins limit. A bucket that is full again
 * is forgotten, and the number of buckets is bounded: past it the fullest of a
 * small sample goes.
 */
#ifndef HOST_SESSION_LIMITER_H
#define HOST_SESSION_LIMITER_H

#include "host/base/bytes.h"

struct limiter;

#define LIMITER_BUCKETS_MAX (1U << 18)

struct limiter *limiter_new(void);
void limiter_free(struct limiter *limiter);
/*
 * Takes one token from the bucket of this key, which refills at per_s up to
 * burst. 0 when there was one, else the ms until there is. Any thread.
 */
int64_t limiter_take(struct limiter *limiter, struct bytes key, double per_s, double burst);

#endif
