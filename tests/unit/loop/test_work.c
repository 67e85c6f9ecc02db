#include "host/base/err.h"
#include "host/loop/work.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>

struct job {
    struct work work;
    pthread_t ran_on;
    int done;
    struct loop *stops;
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int ran;

static void job_run(struct work *work)
{
    struct job *job = (struct job *)work;
    pthread_mutex_lock(&gate); /* a test that holds the gate holds all threads */
    pthread_mutex_unlock(&gate);
    job->ran_on = pthread_self();
    atomic_fetch_add(&ran, 1);
}

static void job_done(struct work *work)
{
    ((struct job *)work)->done++;
}

TEST(work, runs_on_another_thread_and_finishes_on_the_loop)
{
    struct loop *loop = loop_new();
    struct pool *pool = pool_new(2);
    struct job job = {.work = {.run = job_run, .done = job_done}};
    assert_int_equal(work_submit(pool, loop, &job.work), 0);
    assert_false(loop_is_idle(loop) && job.done == 0);
    loop_settle(loop);
    assert_int_equal(job.done, 1);
    assert_false(pthread_equal(job.ran_on, pthread_self()));
    pool_free(pool);
    loop_free(loop);
}

TEST(work, a_full_queue_refuses_and_leaves_the_job_with_the_caller)
{
    static struct job jobs[WORK_QUEUE_MAX + 2];
    struct loop *loop = loop_new();
    struct pool *pool = pool_new(1);
    memset(jobs, 0, sizeof(jobs));
    pthread_mutex_lock(&gate);
    int accepted = 0;
    for (int i = 0; i < WORK_QUEUE_MAX + 2; i++) {
        jobs[i].work.run = job_run;
        jobs[i].work.done = job_done;
        int err = work_submit(pool, loop, &jobs[i].work);
        assert_true(err == 0 || err == ERR_FULL);
        accepted += err == 0;
    }
    pthread_mutex_unlock(&gate);
    assert_in_range(accepted, WORK_QUEUE_MAX, WORK_QUEUE_MAX + 1); /* one may be running */
    loop_settle(loop);
    int done = 0;
    for (int i = 0; i < WORK_QUEUE_MAX + 2; i++) {
        done += jobs[i].done;
    }
    assert_int_equal(done, accepted);
    assert_int_equal(jobs[WORK_QUEUE_MAX + 1].done, 0);
    pool_free(pool);
    loop_free(loop);
}

TEST(work, freeing_the_pool_finishes_what_was_submitted)
{
    static struct job jobs[100];
    struct loop *loop = loop_new();
    struct pool *pool = pool_new(3);
    memset(jobs, 0, sizeof(jobs));
    atomic_store(&ran, 0);
    for (int i = 0; i < 100; i++) {
        jobs[i].work.run = job_run;
        jobs[i].work.done = job_done;
        assert_int_equal(work_submit(pool, loop, &jobs[i].work), 0);
    }
    pool_free(pool);
    assert_int_equal(atomic_load(&ran), 100);
    loop_settle(loop);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(jobs[i].done, 1);
    }
    loop_free(loop);
}

TEST_MAIN
