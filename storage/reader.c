#include "storage/reader.h"

#include "host/base/err.h"
#include "host/base/mem.h"
#include "storage/sqlite_conn.h"

#include <pthread.h>

struct reader {
    struct readers *readers;
    struct conn *conn;
    pthread_t thread;
};

struct readers {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct db_batch *first;
    struct db_batch *last;
    size_t queued;
    bool stopping;
    unsigned started;
    unsigned count;
    struct reader each[READERS_MAX];
};

/* The next batch, or NULL when all is done and no more will come. */
static struct db_batch *take(struct readers *r)
{
    pthread_mutex_lock(&r->mutex);
    while (r->first == NULL && !r->stopping) {
        pthread_cond_wait(&r->wake, &r->mutex);
    }
    struct db_batch *batch = r->first;
    if (batch != NULL) {
        r->first = batch->next;
        r->queued--;
    }
    pthread_mutex_unlock(&r->mutex);
    return batch;
}

static void *run(void *ctx)
{
    struct reader *reader = ctx;
    struct db_batch *batch = take(reader->readers);
    while (batch != NULL) {
        run_read(reader->conn, batch);
        struct answers answers = {.count = 0};
        answers_add(&answers, batch);
        answers_post(&answers);
        batch = take(reader->readers);
    }
    return NULL;
}

int readers_push(struct readers *r, struct db_batch *batch)
{
    batch->next = NULL;
    pthread_mutex_lock(&r->mutex);
    if (r->queued == DB_READS_MAX) {
        pthread_mutex_unlock(&r->mutex);
        return ERR_FULL;
    }
    *(r->first == NULL ? &r->first : &r->last->next) = batch;
    r->last = batch;
    r->queued++;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->mutex);
    return 0;
}

static int start_one(struct readers *r, const char *path, char *words, size_t words_size)
{
    struct reader *reader = &r->each[r->started];
    reader->readers = r;
    int err = conn_new(&reader->conn, path, CONN_READER, words, words_size);
    if (err) {
        return err;
    }
    if (pthread_create(&reader->thread, NULL, run, reader) != 0) {
        conn_free(reader->conn);
        return ERR_NOMEM;
    }
    r->started++;
    return 0;
}

int readers_new(struct readers **out, const char *path, unsigned count, char *words,
                size_t words_size)
{
    struct readers *r = mem_alloc(sizeof(*r));
    r->count = count < 1 ? 1 : count > READERS_MAX ? READERS_MAX : count;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->wake, NULL);
    while (r->started < r->count) {
        int err = start_one(r, path, words, words_size);
        if (err) {
            readers_free(r);
            return err;
        }
    }
    *out = r;
    return 0;
}

void readers_free(struct readers *r)
{
    if (r == NULL) {
        return;
    }
    pthread_mutex_lock(&r->mutex);
    r->stopping = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->mutex);
    for (unsigned i = 0; i < r->started; i++) {
        pthread_join(r->each[i].thread, NULL);
        conn_free(r->each[i].conn);
    }
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->mutex);
    mem_free(r);
}
