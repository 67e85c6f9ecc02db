/*
 * What a database offers to plugins: atomic guarded batches and reads. There
 * is no interactive transaction, so nothing can hold the writer across a wait.
 *
 * A batch is a list of statements run as one transaction, all or nothing. A
 * statement may carry a guard on how many rows it gave; when the guard does
 * not hold the batch is rolled back and answers ERR_GUARD with the statement
 * that failed and the rows it gave. Batches of many callers share one commit
 * (group commit): when done is called with 0, the batch is on the disk.
 *
 * Every statement runs on behalf of an owner (a plugin) and may touch its own
 * tables only: those named "<owner>_...", plus the foreign tables it was
 * granted to read. Inside a batch the SQL function mesh_rev() gives the
 * batch's revision, an integer that grows with every committed batch; in a
 * read it gives the newest revision that the read can see. mesh_now() is the
 * wall clock in ms, the same during a whole batch.
 */
#ifndef STORAGE_DB_H
#define STORAGE_DB_H

#include "host/base/bytes.h"
#include "host/loop/loop.h"

struct db;
struct db_owner; /* a plugin's rights, prepared statements and counters */

enum db_type { DB_NULL, DB_INTEGER, DB_REAL, DB_TEXT, DB_BLOB };

struct db_value {
    enum db_type type;
    int64_t integer;
    double real;
    struct bytes bytes; /* text and blob */
};

enum db_guard {
    DB_ANY,  /* no guard */
    DB_NONE, /* gives or changes no row; else stop */
    DB_ONE,  /* exactly one */
    DB_SOME, /* at least one */
};

#define DB_STATEMENTS_MAX 256           /* in one batch */
#define DB_VALUES_MAX 250               /* bound in one statement */
#define DB_SQL_BYTES_MAX 16384          /* one statement */
#define DB_BATCH_BYTES_MAX (4U << 20)   /* values and SQL of one batch */
#define DB_ROWS_MAX 20000               /* given by one statement */
#define DB_RESULT_BYTES_MAX (16U << 20) /* given by one batch */
#define DB_QUEUE_MAX 16384              /* batches waiting for the writer */
#define DB_READS_MAX 4096               /* reads waiting for a reader */
#define DB_TIME_MS_MAX 2000             /* one batch or read, by the progress handler */

/* Collects statements; filled on the caller's thread. */
struct db_batch;
/* done is called on the loop. ERR_FULL from the start functions leaves the batch the caller's. */
typedef void (*db_done)(struct db_batch *batch, int err);

/* Returns an empty batch for an owner (counted: the owner outlives it). */
struct db_batch *db_batch_new(struct db_owner *owner, struct loop *loop, db_done done, void *ctx);
void db_batch_free(struct db_batch *batch);
void *db_batch_ctx(const struct db_batch *batch);
/* Copies the SQL and then one db_batch_bind per value. 0, ERR_TOO_LARGE, ERR_NOMEM. */
int db_batch_add(struct db_batch *batch, struct bytes sql, enum db_guard guard);
int db_batch_bind(struct db_batch *batch, const struct db_value *value);

/* Takes the batch on 0; it comes back through done. ERR_FULL, ERR_CLOSED, or ERR_READ_ONLY,
 * ERR_DISK_FULL, ERR_IO while the writer knows that it cannot write. */
int db_write(struct db *db, struct db_batch *batch);
/*
 * The same, but the writer may sleep on until db_wake: whoever collects the batches of
 * a turn gets them into one commit. Every start that gave 0 must be followed by db_wake.
 */
int db_write_later(struct db *db, struct db_batch *batch);
void db_wake(struct db *db);
/* The same for a batch of SELECTs: all of them see one snapshot. */
int db_read(struct db *db, struct db_batch *batch);

/* After done: what each statement gave. */
size_t db_batch_statements(const struct db_batch *batch);
/* On ERR_GUARD, ERR_CONSTRAINT, ERR_INVALID...: the statement that failed, from 0. */
size_t db_batch_failed_at(const struct db_batch *batch);
/* For the plugin's author: SQLite's words and the SQL's place; "" if none. */
const char *db_batch_error(const struct db_batch *batch);
size_t db_result_columns(const struct db_batch *batch, size_t statement);
struct bytes db_result_column_name(const struct db_batch *batch, size_t statement, size_t column);
size_t db_result_rows(const struct db_batch *batch, size_t statement);
/* Rows inserted, updated or deleted by a statement that gives no rows. */
int64_t db_result_changes(const struct db_batch *batch, size_t statement);
/* Walks a result: values come row by row, column by column; false at its end. Lent by the batch. */
struct db_cursor {
    const struct db_batch *batch;
    size_t offset;
    size_t end;
};
struct db_cursor db_result_open(const struct db_batch *batch, size_t statement);
bool db_result_next(struct db_cursor *cursor, struct db_value *value);

/* ---- owners ---- */

/*
 * Returns the owner of this name, made at the first call; grants are full table
 * names ("users_blocks") that it may read besides its own. A later call with
 * other grants returns a new one; release each.
 */
struct db_owner *db_owner_new(struct db *db, const char *name, const char *const *grants,
                              size_t grants_count);
struct db_owner *db_owner_share(struct db_owner *owner);
void db_owner_release(struct db_owner *owner);

struct db_migration {
    const char *name; /* "0001_start" */
    struct bytes sql; /* statements that touch the owner's tables only */
};
#define DB_MIGRATIONS_MAX 1000

/*
 * Applies those not yet applied, in order of name, in one transaction, and
 * notes their checksums. Waits; not on a worker's thread. 0, ERR_CONSTRAINT
 * (one that was applied has changed since or is missing), ERR_INVALID (the SQL),
 * or the world's errors; message says which and why.
 */
int db_migrate(struct db *db, struct db_owner *owner, const struct db_migration *migrations,
               size_t count, char *message, size_t message_size);

/* ---- the database ---- */

struct db_options {
    const char *folder;   /* NULL: in memory, for tests */
    unsigned readers;     /* 1 to 16 threads */
    unsigned batches_max; /* in one commit; 0 means 512 */
    bool threadless;      /* tests: batches run inside db_write and db_read, answers by the loop */
};
struct db_stats {
    int64_t commits;
    int64_t batches;
    int64_t rows_written;
    int64_t fsync_ns;
    int64_t queue;
    int err; /* 0, or why the writer can't write now */
};

/*
 * Opens or makes chattermesh.db in the folder and takes its lock. 0, or ERR_BUSY
 * (another process serves this folder), ERR_CORRUPT, ERR_READ_ONLY, ERR_DISK_FULL,
 * ERR_DENIED, ERR_IO; message says what to do.
 */
int db_open(struct db **out, const struct db_options *options, char *message, size_t message_size);
/* Finishes what is queued, checkpoints and closes; no batch may be in flight on a loop that has
 * ended. */
void db_close(struct db *db);
void db_stats(const struct db *db, struct db_stats *stats);
/* What was deleted so far is soon unreadable in the files, too (storage/forget.h). Does not wait.
 */
void db_forget(struct db *db);
/* Copies the database, as of now, while it serves. Waits. 0, ERR_EXISTS, or the world's errors. */
int db_backup(struct db *db, const char *path, char *message, size_t message_size);

#endif
