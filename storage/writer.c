#include "storage/writer.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/metric.h"
#include "storage/commit.h"
#include "storage/copier.h"
#include "storage/forget.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

struct job {
    struct job *next;
    int (*run)(void *ctx, struct conn *conn);
    void *ctx;
    int err;
    bool done;
};

struct writer {
    const char *path;
    bool threadless;
    bool has_thread;
    pthread_t thread;

    /* The thread's own; in the threadless case under the mutex. */
    struct conn *conn; /* NULL: lost, see probe */
    struct copier *copier;
    struct db_batch **group;
    size_t held; /* batches in the group that wait for the next commit */
    size_t batches_max;
    int64_t rev;
    int log_pages;
    int64_t probe_at_ms;
    struct answers answers;

    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_cond_t job_done;
    struct db_batch *first;
    struct db_batch *last;
    struct job *jobs;
    bool stopping;

    struct forgetter forgetter;
    atomic_int err;
    atomic_size_t queued;
    atomic_llong commits;
    atomic_llong batches;
    atomic_llong rows;
    atomic_llong fsync_ns;
    struct metric *metric_commits;
    struct metric *metric_batches;
    struct metric *metric_fsync;
    struct metric *metric_queue;
};

static void make_metrics(struct writer *w)
{
    w->metric_commits =
        metric_counter("chattermesh_commits_total", "", "Commits that reached the disk.");
    w->metric_batches = metric_counter("chattermesh_commit_batches_total", "",
                                       "Batches in those commits; divided by them, the group.");
    w->metric_fsync = metric_histogram("chattermesh_fsync_seconds", "",
                                       "Time of a commit's end, with its fsync.");
    w->metric_queue = metric_gauge("chattermesh_db_queue", "", "Batches waiting for the writer.");
}

static int note_log(void *ctx, sqlite3 *sqlite, const char *name, int pages)
{
    (void)sqlite;
    (void)name;
    ((struct writer *)ctx)->log_pages = pages;
    return SQLITE_OK;
}

static int connect_file(struct writer *w, char *words, size_t words_size)
{
    int err = conn_new(&w->conn, w->path, CONN_WRITER, words, words_size);
    if (err) {
        return err;
    }
    sqlite3_wal_hook(w->conn->sqlite, note_log, w);
    err = conn_exec(w->conn,
                    "CREATE TABLE IF NOT EXISTS mesh_meta(name TEXT PRIMARY KEY, value) "
                    "WITHOUT ROWID;"
                    "CREATE TABLE IF NOT EXISTS mesh_migrations(owner TEXT, name TEXT, "
                    "checksum TEXT, applied_at INTEGER, PRIMARY KEY(owner, name)) WITHOUT ROWID;"
                    "INSERT OR IGNORE INTO mesh_meta VALUES('rev', 0);");
    if (err == 0) {
        err = conn_rev_get(w->conn, &w->rev);
    }
    if (err) {
        snprintf(words, words_size, "%s", sqlite3_errmsg(w->conn->sqlite));
        conn_free(w->conn);
        w->conn = NULL;
    }
    return err;
}

static void count_error(int err)
{
    char labels[64];
    snprintf(labels, sizeof(labels), "kind=\"%s\"", err_name(err));
    metric_add(metric_counter("chattermesh_db_errors_total", labels,
                              "Commits that failed, by the reason."),
               1);
}

/* Everything that waits is answered now: nobody hangs on a disk that may not come back. */
static void refuse_queue(struct writer *w, int err)
{
    for (size_t i = 0; i < w->held; i++) {
        batch_reset(w->group[i]);
        batch_fail(w->group[i], 0, err, NULL);
        answers_add(&w->answers, w->group[i]);
    }
    w->held = 0;
    pthread_mutex_lock(&w->mutex);
    struct db_batch *batch = w->first;
    w->first = w->last = NULL;
    pthread_mutex_unlock(&w->mutex);
    while (batch != NULL) {
        struct db_batch *next = batch->next;
        batch_fail(batch, 0, err, NULL);
        atomic_fetch_sub(&w->queued, 1);
        answers_add(&w->answers, batch);
        batch = next;
    }
}

static void become_broken(struct writer *w, int err)
{
    if (atomic_exchange(&w->err, err) == 0) {
        LOG(LOG_ERROR, "storage", "cannot write; nothing is acknowledged until this ends",
            LOG_TEXT("error", err_name(err)), LOG_TEXT("file", w->path));
    }
    w->probe_at_ms = clock_steady_ms() + WRITER_PROBE_MS;
}

/* What the disk holds is the truth; what a connection remembers of a failed commit is not. */
static void reconnect(struct writer *w)
{
    if (w->path == NULL) {
        return; /* in memory the connection is the database */
    }
    char words[CONN_WORDS_BYTES_MAX];
    conn_free(w->conn);
    w->conn = NULL;
    int err = connect_file(w, words, sizeof(words));
    if (err) {
        become_broken(w, err);
    }
}

static int write_probe(struct conn *conn)
{
    char sql[160];
    snprintf(sql, sizeof(sql),
             "INSERT OR REPLACE INTO mesh_meta VALUES('probe', zeroblob(%d));"
             "UPDATE mesh_meta SET value = NULL WHERE name = 'probe';",
             WRITER_PROBE_BYTES);
    int err = conn_exec(conn, sql);
    conn_rollback(conn);
    return err;
}

static void probe(struct writer *w)
{
    if (clock_steady_ms() < w->probe_at_ms) {
        return;
    }
    if (w->conn == NULL) {
        reconnect(w);
    }
    int err = w->conn != NULL ? write_probe(w->conn) : atomic_load(&w->err);
    if (err) {
        become_broken(w, err);
        return;
    }
    atomic_store(&w->err, 0);
    LOG(LOG_INFO, "storage", "can write again", LOG_TEXT("file", w->path));
}

/* ---- a commit ---- */

static void note_commit(struct writer *w, const struct commit *commit, size_t batches)
{
    atomic_fetch_add(&w->commits, 1);
    atomic_fetch_add(&w->batches, (long long)batches);
    atomic_fetch_add(&w->rows, commit->rows);
    atomic_fetch_add(&w->fsync_ns, (long long)commit->commit_ns);
    metric_add(w->metric_commits, 1);
    metric_add(w->metric_batches, (int64_t)batches);
    metric_observe_ns(w->metric_fsync, commit->commit_ns);
}

static void commit_group(struct writer *w)
{
    struct commit commit;
    size_t finished = commit_batches(w->conn, w->group, w->held, &w->rev, &commit);
    for (size_t i = 0; i < finished; i++) {
        answers_add(&w->answers, w->group[i]);
    }
    w->held -= finished;
    for (size_t i = 0; i < w->held; i++) {
        w->group[i] = w->group[finished + i];
    }
    if (commit.err == 0) {
        note_commit(w, &commit, finished);
    } else {
        count_error(commit.err);
        if (conn_err_is_worldly(commit.err)) {
            become_broken(w, commit.err);
            refuse_queue(w, commit.err);
        }
        if (commit.is_uncertain) {
            reconnect(w);
        }
    }
    answers_post(&w->answers);
    if (commit.err == 0 && w->copier != NULL) {
        copier_tell(w->copier, w->conn, w->log_pages);
    }
}

/* Under the mutex. */
static void fill_group(struct writer *w)
{
    size_t taken = 0;
    while (w->first != NULL && w->held < w->batches_max) {
        struct db_batch *batch = w->first;
        w->first = batch->next;
        batch->next = NULL;
        w->group[w->held++] = batch;
        taken++;
    }
    if (w->first == NULL) {
        w->last = NULL;
    }
    size_t left = atomic_fetch_sub(&w->queued, taken) - taken;
    metric_set(w->metric_queue, (int64_t)left);
}

static void run_job(struct writer *w, struct job *job)
{
    job->err = atomic_load(&w->err);
    if (w->conn == NULL || job->err != 0) {
        return;
    }
    job->err = job->run(job->ctx, w->conn);
    conn_act_for(w->conn, NULL, RIGHTS_HOUSE, 0);
    conn_rollback(w->conn);
    if (conn_err_is_worldly(job->err)) {
        count_error(job->err);
        become_broken(w, job->err);
        reconnect(w);
    }
}

/* Runs what was taken; without the mutex. */
static void work(struct writer *w)
{
    int err = atomic_load(&w->err);
    if (err != 0) {
        refuse_queue(w, err);
        answers_post(&w->answers);
        probe(w);
    } else if (w->held > 0) {
        commit_group(w);
    }
}

/* Under the mutex. A broken writer looks again every second, whether asked or not, and so does one
 * that has to forget. */
static void wait_for_work(struct writer *w)
{
    if (atomic_load(&w->err) == 0 && !forget_is_asked(&w->forgetter)) {
        pthread_cond_wait(&w->wake, &w->mutex);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WRITER_PROBE_MS / 1000;
    (void)pthread_cond_timedwait(&w->wake, &w->mutex, &until);
}

static void *run(void *ctx)
{
    struct writer *w = ctx;
    pthread_mutex_lock(&w->mutex);
    while (!w->stopping || w->first != NULL || w->held > 0) {
        if (w->first == NULL && w->held == 0 && w->jobs == NULL) {
            wait_for_work(w);
        }
        fill_group(w);
        struct job *job = w->jobs;
        w->jobs = job != NULL ? job->next : NULL;
        pthread_mutex_unlock(&w->mutex);
        work(w);
        if (job != NULL) {
            run_job(w, job);
        }
        if (atomic_load(&w->err) == 0) {
            forget_if_due(&w->forgetter, w->conn);
        }
        pthread_mutex_lock(&w->mutex);
        if (job != NULL) {
            job->done = true;
            pthread_cond_broadcast(&w->job_done);
        }
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* ---- the other threads' side ---- */

static int push_threadless(struct writer *w, struct db_batch *batch)
{
    if (batch->is_read && w->conn != NULL) {
        run_read(w->conn, batch);
        answers_add(&w->answers, batch);
        answers_post(&w->answers);
        return 0;
    }
    if (atomic_load(&w->err) != 0) {
        probe(w);
    }
    int err = atomic_load(&w->err);
    if (err == 0) {
        w->group[w->held++] = batch;
        work(w);
    }
    return err;
}

int writer_push(struct writer *w, struct db_batch *batch)
{
    if (w->threadless) {
        return push_threadless(w, batch);
    }
    int err = atomic_load(&w->err);
    if (err) {
        return err;
    }
    if (atomic_fetch_add(&w->queued, 1) >= DB_QUEUE_MAX) {
        atomic_fetch_sub(&w->queued, 1);
        return ERR_FULL;
    }
    batch->next = NULL;
    pthread_mutex_lock(&w->mutex);
    *(w->first == NULL ? &w->first : &w->last->next) = batch;
    w->last = batch;
    pthread_mutex_unlock(&w->mutex);
    return 0;
}

void writer_wake(struct writer *w)
{
    if (w->threadless) {
        return;
    }
    pthread_mutex_lock(&w->mutex);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
}

int writer_call(struct writer *w, int (*run_it)(void *ctx, struct conn *conn), void *ctx)
{
    struct job job = {.run = run_it, .ctx = ctx};
    if (!w->has_thread) {
        run_job(w, &job);
        return job.err;
    }
    pthread_mutex_lock(&w->mutex);
    struct job **at = &w->jobs;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = &job;
    pthread_cond_signal(&w->wake);
    while (!job.done) {
        pthread_cond_wait(&w->job_done, &w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return job.err;
}

void writer_forget(struct writer *w)
{
    if (w->threadless) {
        if (w->conn != NULL) {
            forget_now(w->conn);
        }
        return;
    }
    forget_ask(&w->forgetter);
    pthread_mutex_lock(&w->mutex);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
}

void writer_stats(const struct writer *w, struct db_stats *stats)
{
    stats->commits = atomic_load(&w->commits);
    stats->batches = atomic_load(&w->batches);
    stats->rows_written = atomic_load(&w->rows);
    stats->fsync_ns = atomic_load(&w->fsync_ns);
    stats->queue = (int64_t)atomic_load(&w->queued);
    stats->err = atomic_load(&w->err);
}

void writer_set_copier(struct writer *w, struct copier *copier)
{
    w->copier = copier;
}

int writer_new(struct writer **out, const char *path, unsigned batches_max, bool threadless,
               char *words, size_t words_size)
{
    struct writer *w = mem_alloc(sizeof(*w));
    w->path = path;
    w->threadless = threadless;
    w->batches_max = batches_max == 0 ? COMMIT_BATCHES : batches_max;
    int err = connect_file(w, words, words_size);
    if (err) {
        mem_free(w);
        return err;
    }
    w->group = mem_alloc_array(w->batches_max, sizeof(struct db_batch *));
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&w->job_done, NULL);
    pthread_mutex_init(&w->mutex, NULL);
    make_metrics(w);
    *out = w;
    return 0;
}

int writer_start(struct writer *w)
{
    if (!w->threadless) {
        if (pthread_create(&w->thread, NULL, run, w) != 0) {
            return ERR_NOMEM;
        }
        w->has_thread = true;
    }
    return 0;
}

void writer_stop(struct writer *w)
{
    if (!w->has_thread) {
        return;
    }
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    w->has_thread = false;
}

void writer_free(struct writer *w)
{
    if (w == NULL) {
        return;
    }
    writer_stop(w);
    CHECK(w->first == NULL && w->held == 0);
    conn_free(w->conn);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->job_done);
    pthread_mutex_destroy(&w->mutex);
    mem_free(w->group);
    mem_free(w);
}
