#include "storage/copier.h"

#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "storage/sqlite_conn.h"

#include <pthread.h>

struct copier {
    struct conn *conn;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_cond_t idle;
    bool stopping;
    bool is_busy;    /* asked or at work */
    int copied;      /* pages of this log that are in the file */
    int retry_above; /* the writer's next try of its own, when the log is too long */
};

/* Copies what no reader needs in the log; never waits for one. */
static int copy(struct conn *conn, int *pages, int *copied)
{
    *pages = *copied = 0;
    int code =
        sqlite3_wal_checkpoint_v2(conn->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, pages, copied);
    return conn_err(conn, code);
}

static void *run(void *ctx)
{
    struct copier *c = ctx;
    int last_err = 0;
    pthread_mutex_lock(&c->mutex);
    while (!c->stopping) {
        if (!c->is_busy) {
            pthread_cond_wait(&c->wake, &c->mutex);
            continue;
        }
        pthread_mutex_unlock(&c->mutex);
        int pages;
        int copied;
        int err = copy(c->conn, &pages, &copied);
        if (err != last_err && err != ERR_BUSY) {
            if (err != 0) {
                LOG(LOG_WARN, "storage", "the log cannot be copied into the database now",
                    LOG_TEXT("error", err_name(err)));
            }
            last_err = err;
        }
        pthread_mutex_lock(&c->mutex);
        c->copied = err == 0 ? copied : c->copied;
        c->is_busy = false;
        pthread_cond_signal(&c->idle);
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

int copier_new(struct copier **out, const char *path)
{
    struct copier *c = mem_alloc(sizeof(*c));
    char words[CONN_WORDS_BYTES_MAX];
    int err = conn_new(&c->conn, path, CONN_COPIER, words, sizeof(words));
    if (err) {
        mem_free(c);
        return err;
    }
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->wake, NULL);
    pthread_cond_init(&c->idle, NULL);
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        conn_free(c->conn);
        mem_free(c);
        return ERR_NOMEM;
    }
    *out = c;
    return 0;
}

void copier_free(struct copier *c)
{
    if (c == NULL) {
        return;
    }
    pthread_mutex_lock(&c->mutex);
    c->stopping = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->mutex);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->wake);
    pthread_cond_destroy(&c->idle);
    pthread_mutex_destroy(&c->mutex);
    conn_free(c->conn);
    mem_free(c);
}

static bool writer_should_copy(struct copier *c, int pages)
{
    if (pages < c->copied) {
        c->copied = 0; /* the log has started anew */
        c->retry_above = 0;
    }
    /* A reader in the way makes this fail, so it is not tried at every commit. */
    if (pages >= LOG_PAGES_MAX && pages >= c->retry_above) {
        c->retry_above = pages + LOG_PAGES_RETRY;
        while (c->is_busy) {
            pthread_cond_wait(&c->idle, &c->mutex);
        }
        return true;
    }
    return !c->is_busy && c->copied >= LOG_PAGES_COPY && pages - c->copied <= LOG_PAGES_REST;
}

void copier_tell(struct copier *c, struct conn *conn, int pages)
{
    pthread_mutex_lock(&c->mutex);
    bool is_mine = writer_should_copy(c, pages);
    if (!is_mine && !c->is_busy && pages - c->copied >= LOG_PAGES_COPY) {
        c->is_busy = true;
        pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->mutex);
    int all;
    int copied;
    if (is_mine && copy(conn, &all, &copied) == 0) {
        pthread_mutex_lock(&c->mutex);
        /* All of it: the next commit starts the log anew. A reader in the way: later again. */
        c->copied = copied >= all ? 0 : copied;
        pthread_mutex_unlock(&c->mutex);
    }
}
