/* The threads: one writes groups of jobs, one copies the log into the file. */
#include "host/base/mem.h"
#include "tests/load/meshbare/store_private.h"

#include <stdio.h>
#include <unistd.h>

#define GROUP_MAX 512   /* jobs in one commit, as storage/commit.h */
#define COPY_PAGES 4000 /* between two copies of the log, as storage/copier.h */

/* Under the mutex. */
static struct job *take_group(struct store *s)
{
    struct job *group = s->first;
    struct job **end = &s->first;
    for (size_t i = 0; i < GROUP_MAX && *end != NULL; i++) {
        end = &(*end)->next;
    }
    s->first = *end;
    *end = NULL;
    if (s->first == NULL) {
        s->last = &s->first;
    }
    return group;
}

/* Under the mutex. */
static void give_back(struct store *s, struct job *group)
{
    uint64_t one = 1;
    bool was_empty = s->done_first == NULL;
    *s->done_last = group;
    while (*s->done_last != NULL) {
        s->done_last = &(*s->done_last)->next;
    }
    if (was_empty && write(s->done_fd, &one, sizeof(one)) < 0) {
        perror("meshbare: eventfd");
    }
    if (s->log_pages < s->copied_pages) {
        s->copied_pages = 0;
    }
    if (!s->copy_wanted && s->log_pages - s->copied_pages >= COPY_PAGES) {
        s->copy_wanted = true;
        pthread_cond_signal(&s->copy);
    }
}

static void *write_thread(void *ctx)
{
    struct store *s = ctx;
    pthread_mutex_lock(&s->mutex);
    while (!s->stopping || s->first != NULL) {
        if (s->first == NULL) {
            pthread_cond_wait(&s->wake, &s->mutex);
            continue;
        }
        struct job *group = take_group(s);
        pthread_mutex_unlock(&s->mutex);
        jobs_run_group(s, group);
        pthread_mutex_lock(&s->mutex);
        give_back(s, group);
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

static void *copy_thread(void *ctx)
{
    struct store *s = ctx;
    pthread_mutex_lock(&s->mutex);
    while (!s->stopping) {
        if (!s->copy_wanted) {
            pthread_cond_wait(&s->copy, &s->mutex);
            continue;
        }
        pthread_mutex_unlock(&s->mutex);
        int copied = 0;
        sqlite3_wal_checkpoint_v2(s->copying, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
        pthread_mutex_lock(&s->mutex);
        s->copied_pages = copied;
        s->copy_wanted = false;
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

void store_push(struct store *s, struct job *jobs)
{
    pthread_mutex_lock(&s->mutex);
    bool was_empty = s->first == NULL;
    *s->last = jobs;
    while (*s->last != NULL) {
        s->last = &(*s->last)->next;
    }
    if (was_empty) {
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->mutex);
}

struct job *store_finished(struct store *s)
{
    pthread_mutex_lock(&s->mutex);
    struct job *jobs = s->done_first;
    s->done_first = NULL;
    s->done_last = &s->done_first;
    pthread_mutex_unlock(&s->mutex);
    return jobs;
}

static int note_log(void *ctx, sqlite3 *sqlite, const char *name, int pages)
{
    (void)sqlite;
    (void)name;
    ((struct store *)ctx)->log_pages = pages;
    return SQLITE_OK;
}

struct store *store_new(const char *folder, const char *schema_file, int done_fd)
{
    struct store *s = store_open(folder, schema_file);
    if (s == NULL || store_open_file(&s->copying, folder) != 0) {
        return NULL;
    }
    s->done_fd = done_fd;
    sqlite3_wal_hook(s->sqlite, note_log, s);
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->wake, NULL);
    pthread_cond_init(&s->copy, NULL);
    s->has_threads = pthread_create(&s->writer, NULL, write_thread, s) == 0 &&
                     pthread_create(&s->copier, NULL, copy_thread, s) == 0;
    return s;
}

void store_free(struct store *s)
{
    if (s->has_threads) {
        pthread_mutex_lock(&s->mutex);
        s->stopping = true;
        pthread_cond_signal(&s->wake);
        pthread_cond_signal(&s->copy);
        pthread_mutex_unlock(&s->mutex);
        pthread_join(s->writer, NULL);
        pthread_join(s->copier, NULL);
    }
    sqlite3_close(s->copying);
    store_close(s);
}
