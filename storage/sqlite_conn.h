/*
 * One connection to the SQLite file: its settings, rights, time budget and
 * prepared statements. A connection serves one thread at a time. Whatever
 * runs on it runs for an owner, or for the house itself (owner NULL).
 */
#ifndef STORAGE_SQLITE_CONN_H
#define STORAGE_SQLITE_CONN_H

#include "storage/batch.h"

#include <sqlite3.h>

#define CONN_WRITER_CACHE_KIB 65536
#define CONN_READER_CACHE_KIB 16384
#define CONN_BUSY_MS_MAX 2000   /* waiting for a lock that somebody else's program holds */
#define CONN_PROGRESS_OPS 2000  /* between two looks at the clock */
#define CONN_STATEMENTS_MAX 256 /* kept prepared for one owner */
#define CONN_WORDS_BYTES_MAX 256
#define CONN_CAREFUL_BATCHES 4096
/* The write-ahead log's file is cut back to this once it has been copied. */
#define CONN_LOG_BYTES_KEPT (128 * 1024 * 1024)

enum conn_role { CONN_WRITER, CONN_READER, CONN_COPIER };

enum conn_rights { RIGHTS_HOUSE, RIGHTS_BATCH, RIGHTS_MIGRATION };

enum conn_own {
    OWN_BEGIN,
    OWN_BEGIN_READ,
    OWN_COMMIT,
    OWN_ROLLBACK,
    OWN_SAVEPOINT,
    OWN_RELEASE,
    OWN_BACK,
    OWN_REV_GET,
    OWN_REV_SET,
    OWN_COUNT,
};

struct statement_cache;

struct conn {
    sqlite3 *sqlite;
    enum conn_role role;
    struct statement_cache *cache;
    sqlite3_stmt *own[OWN_COUNT];

    struct db_owner *owner;
    enum conn_rights rights;
    char words[CONN_WORDS_BYTES_MAX]; /* why the authorizer refused */

    uint64_t deadline_ns; /* 0: none */
    int64_t now_ms;       /* mesh_now() */
    int careful;          /* batches yet to run with a savepoint */
    int64_t rev;          /* mesh_rev(); -1 in a read that has not asked yet */
};

/* path NULL: in memory. 0 and a connection, or the world's errors with words. */
int conn_new(struct conn **out, const char *path, enum conn_role role, char *words,
             size_t words_size);
void conn_free(struct conn *conn);

/* SQLite's code of the last call as one of ours. */
int conn_err(const struct conn *conn, int code);
/* The disk's or the file system's fault: nothing can be written now. */
bool conn_err_is_worldly(int err);

/* Runs one of the house's own statements to its end. 0 or an ERR code. */
int conn_own(struct conn *conn, enum conn_own which);
/* Any SQL of the house's. */
int conn_exec(struct conn *conn, const char *sql);
/* The newest revision in the file; ERR_… */
int conn_rev_get(struct conn *conn, int64_t *rev);
int conn_rev_set(struct conn *conn, int64_t rev);
/* Ends a transaction that is still open, whatever happened in it. */
void conn_rollback(struct conn *conn);
bool conn_in_transaction(const struct conn *conn);
/* Whose statements come now, and until when they may run. */
void conn_act_for(struct conn *conn, struct db_owner *owner, enum conn_rights rights,
                  uint64_t time_ms);

/* sqlite_rights.c: SQLite's question at each prepare. */
int rights_authorize(void *conn, int action, const char *a, const char *b, const char *schema,
                     const char *trigger);

/* sqlite_cache.c */
struct statement_cache *cache_new(void);
void cache_free(struct statement_cache *cache);
/* Lends the statement, reset, until the next call; on failure the words are the connection's. */
int cache_get(struct conn *conn, struct bytes sql, uint64_t hash, sqlite3_stmt **out);

/* sqlite_run.c */

/*
 * Runs a batch inside the open transaction (or, for a read of one statement,
 * without). Its result or failure is then in the batch. Returns true when the
 * transaction is as if a failed batch had not been there; false when only a
 * rollback of everything can undo what the batch did.
 */
bool run_batch(struct conn *conn, struct db_batch *batch);
/* Runs a batch of reads in a transaction of its own. */
void run_read(struct conn *conn, struct db_batch *batch);

#endif
