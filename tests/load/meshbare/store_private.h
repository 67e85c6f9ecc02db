/* What the files of the store share. */
#ifndef TESTS_LOAD_MESHBARE_STORE_PRIVATE_H
#define TESTS_LOAD_MESHBARE_STORE_PRIVATE_H

#include "tests/load/meshbare/statements.h"
#include "tests/load/meshbare/store.h"

#include <pthread.h>
#include <sqlite3.h> /* layers: the bare limit goes around storage/ on purpose */

struct store {
    sqlite3 *sqlite;
    sqlite3_stmt *prepared[SQL_COUNT];
    int64_t rev;
    int64_t now_ms;

    sqlite3 *copying; /* the copier's own connection */
    int done_fd;
    pthread_t writer;
    pthread_t copier;
    bool has_threads;

    /* Under the mutex, but for log_pages, which is the writer's. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_cond_t copy;
    struct job *first;
    struct job **last;
    struct job *done_first;
    struct job **done_last;
    int log_pages;
    int copied_pages;
    bool stopping;
    bool copy_wanted;
};

/* store_open.c: a store without threads, or NULL after saying why. */
struct store *store_open(const char *folder, const char *schema_file);
int store_open_file(sqlite3 **out, const char *folder);
void store_close(struct store *store);

/* jobs.c: all inside one transaction; 0 or -1 after saying why. */
int jobs_begin(struct store *store);
int jobs_commit(struct store *store);
int jobs_run(struct store *store, struct job *job);
/* All jobs of a chain, in a transaction of their own. */
void jobs_run_group(struct store *store, struct job *group);

#endif
