/* One queue under one mutex: its jobs take milliseconds, so the lock is never what waits. */
#include "host/loop/work.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define THREADS_MAX 64

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t work_added;
    struct work *oldest;
    struct work *newest;
    unsigned waiting;
    bool ending;
    unsigned threads_count;
    pthread_t threads[THREADS_MAX];
};

static void deliver_cb(struct letter *letter)
{
    struct work *work = (struct work *)letter; /* it is the first member */
    loop_unhold(work->loop);
    work->done(work);
}
_Static_assert(offsetof(struct work, letter) == 0, "deliver_cb casts the letter to its work");

/* The next job, or NULL when the pool ends and none is left. */
static struct work *take_work(struct pool *pool)
{
    CHECK(pthread_mutex_lock(&pool->mutex) == 0);
    while (pool->oldest == NULL && !pool->ending) {
        CHECK(pthread_cond_wait(&pool->work_added, &pool->mutex) == 0);
    }
    struct work *work = pool->oldest;
    if (work != NULL) {
        pool->oldest = work->next;
        pool->waiting--;
    }
    CHECK(pthread_mutex_unlock(&pool->mutex) == 0);
    return work;
}

static void *thread_main(void *ctx)
{
    struct pool *pool = ctx;
    for (struct work *work = take_work(pool); work != NULL; work = take_work(pool)) {
        work->run(work);
        loop_post_answer(work->loop, &work->letter);
    }
    return NULL;
}

struct pool *pool_new(unsigned threads)
{
    CHECK(threads >= 1 && threads <= THREADS_MAX);
    struct pool *pool = mem_alloc(sizeof(*pool));
    CHECK(pthread_mutex_init(&pool->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&pool->work_added, NULL) == 0);
    /* Signals are the main thread's; the pool's threads inherit the mask. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    for (unsigned i = 0; i < threads; i++) {
        CHECK(pthread_create(&pool->threads[i], NULL, thread_main, pool) == 0);
        pool->threads_count++;
    }
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return pool;
}

void pool_free(struct pool *pool)
{
    CHECK(pthread_mutex_lock(&pool->mutex) == 0);
    pool->ending = true;
    CHECK(pthread_cond_broadcast(&pool->work_added) == 0);
    CHECK(pthread_mutex_unlock(&pool->mutex) == 0);
    for (unsigned i = 0; i < pool->threads_count; i++) {
        CHECK(pthread_join(pool->threads[i], NULL) == 0);
    }
    CHECK(pthread_cond_destroy(&pool->work_added) == 0);
    CHECK(pthread_mutex_destroy(&pool->mutex) == 0);
    mem_free(pool);
}

static void add_work(struct pool *pool, struct work *work)
{
    work->next = NULL;
    if (pool->oldest == NULL) {
        pool->oldest = work;
    } else {
        pool->newest->next = work;
    }
    pool->newest = work;
    pool->waiting++;
    CHECK(pthread_cond_signal(&pool->work_added) == 0);
}

int work_submit(struct pool *pool, struct loop *loop, struct work *work)
{
    int err = 0;
    work->loop = loop;
    work->letter.deliver = deliver_cb;
    CHECK(pthread_mutex_lock(&pool->mutex) == 0);
    CHECK(!pool->ending);
    if (pool->waiting == WORK_QUEUE_MAX) {
        err = ERR_FULL;
    } else {
        loop_hold(loop);
        add_work(pool, work);
    }
    CHECK(pthread_mutex_unlock(&pool->mutex) == 0);
    return err;
}
