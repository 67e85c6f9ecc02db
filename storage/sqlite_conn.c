#include "storage/sqlite_conn.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

static const char *const own_sql[OWN_COUNT] = {
    [OWN_BEGIN] = "BEGIN IMMEDIATE",
    [OWN_BEGIN_READ] = "BEGIN",
    [OWN_COMMIT] = "COMMIT",
    [OWN_ROLLBACK] = "ROLLBACK",
    [OWN_SAVEPOINT] = "SAVEPOINT batch",
    [OWN_RELEASE] = "RELEASE batch",
    [OWN_BACK] = "ROLLBACK TO batch",
    [OWN_REV_GET] = "SELECT value FROM mesh_meta WHERE name = 'rev'",
    [OWN_REV_SET] = "UPDATE mesh_meta SET value = ?1 WHERE name = 'rev'",
};

/* What plugins may ask of SQLite; far above their need, far below what hurts. */
static const struct {
    int which;
    int most;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, DB_RESULT_BYTES_MAX},
    {SQLITE_LIMIT_SQL_LENGTH, 4 * DB_SQL_BYTES_MAX},
    {SQLITE_LIMIT_COLUMN, 200},
    {SQLITE_LIMIT_EXPR_DEPTH, 100},
    {SQLITE_LIMIT_COMPOUND_SELECT, 250},
    {SQLITE_LIMIT_VDBE_OP, 100000},
    {SQLITE_LIMIT_FUNCTION_ARG, 64},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256},
    {SQLITE_LIMIT_VARIABLE_NUMBER, DB_VALUES_MAX},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 8},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

/* The schema is trusted, because full text in triggers needs it in this SQLite; the authorizer is
 * asked about triggers too, and was about defaults and checks when they were made. */
static const struct {
    int which;
    int on;
} switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1},
    {SQLITE_DBCONFIG_DQS_DML, 0},         {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},     {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_FKEY, 0},
};

static int last_errno_of(sqlite3 *sqlite, int which)
{
    sqlite3_file *file = NULL;
    int system = 0;
    if (sqlite3_file_control(sqlite, "main", which, &file) == SQLITE_OK && file != NULL &&
        file->pMethods != NULL) {
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &system);
    }
    return system;
}

/* A write that failed at COMMIT leaves its reason with the file only: a quota, a size limit. */
static int system_errno(const struct conn *conn, int code)
{
    if (conn == NULL || conn->sqlite == NULL) {
        return 0;
    }
    int system =
        code == SQLITE_IOERR_WRITE ? last_errno_of(conn->sqlite, SQLITE_FCNTL_JOURNAL_POINTER) : 0;
    if (system == 0 && code == SQLITE_IOERR_WRITE) {
        system = last_errno_of(conn->sqlite, SQLITE_FCNTL_FILE_POINTER);
    }
    return system != 0 ? system : sqlite3_system_errno(conn->sqlite);
}

static int disk_err(int system)
{
    switch (system) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_DISK_FULL;
    case EROFS:
        return ERR_READ_ONLY;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    default:
        return ERR_IO;
    }
}

int conn_err(const struct conn *conn, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_INTERRUPT:
        return ERR_TIMEOUT;
    case SQLITE_READONLY:
        return ERR_READ_ONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return code == SQLITE_IOERR_NOMEM ? ERR_NOMEM : disk_err(system_errno(conn, code));
    case SQLITE_TOOBIG:
        return ERR_TOO_LARGE;
    case SQLITE_CONSTRAINT:
        return ERR_CONSTRAINT;
    case SQLITE_AUTH:
    case SQLITE_PERM:
        return ERR_DENIED;
    default:
        return ERR_INVALID;
    }
}

bool conn_err_is_worldly(int err)
{
    return err == ERR_DISK_FULL || err == ERR_READ_ONLY || err == ERR_IO;
}

static int progress(void *ctx)
{
    const struct conn *conn = ctx;
    return conn->deadline_ns != 0 && clock_precise_ns() > conn->deadline_ns;
}

static void mesh_now(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    const struct conn *conn = sqlite3_user_data(context);
    sqlite3_result_int64(context, conn->now_ms);
}

/* A read looks up what its snapshot holds, and only if it asks. */
static void mesh_rev(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    struct conn *conn = sqlite3_user_data(context);
    if (conn->rev < 0) {
        int64_t rev;
        if (conn_rev_get(conn, &rev) != 0) {
            sqlite3_result_error(context, "the revision cannot be read", -1);
            return;
        }
        conn->rev = rev;
    }
    sqlite3_result_int64(context, conn->rev);
}

static int add_functions(struct conn *conn)
{
    const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
    int code = sqlite3_create_function_v2(conn->sqlite, "mesh_now", 0, flags, conn, mesh_now, NULL,
                                          NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_create_function_v2(conn->sqlite, "mesh_rev", 0, flags, conn, mesh_rev, NULL,
                                          NULL, NULL);
    }
    return conn_err(conn, code);
}

static int set_pragmas(struct conn *conn, bool in_memory)
{
    int err = conn_exec(conn, "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                              "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL;");
    if (err || conn->role == CONN_COPIER) {
        return err;
    }
    char text[160];
    int kib = conn->role == CONN_WRITER ? CONN_WRITER_CACHE_KIB : CONN_READER_CACHE_KIB;
    snprintf(text, sizeof(text), "PRAGMA cache_size = -%d; PRAGMA journal_size_limit = %d;", kib,
             CONN_LOG_BYTES_KEPT);
    err = conn_exec(conn, text);
    if (err == 0 && conn->role == CONN_WRITER) {
        err = conn_exec(conn, "PRAGMA secure_delete = ON"); /* what is deleted is overwritten */
    }
    if (err == 0 && conn->role == CONN_WRITER && !in_memory) {
        err = conn_exec(conn, "PRAGMA journal_mode = WAL");
    }
    return err;
}

static int set_up(struct conn *conn, bool in_memory)
{
    sqlite3_extended_result_codes(conn->sqlite, 1);
    sqlite3_busy_timeout(conn->sqlite, CONN_BUSY_MS_MAX);
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        /* A switch that this SQLite was built without is refused, which is as good. */
        (void)sqlite3_db_config(conn->sqlite, switches[i].which, switches[i].on, NULL);
    }
    int err = set_pragmas(conn, in_memory);
    if (err == 0) {
        err = add_functions(conn);
    }
    if (err) {
        return err;
    }
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        sqlite3_limit(conn->sqlite, limits[i].which, limits[i].most);
    }
    sqlite3_progress_handler(conn->sqlite, CONN_PROGRESS_OPS, progress, conn);
    return conn_err(conn, sqlite3_set_authorizer(conn->sqlite, rights_authorize, conn));
}

/* Each allocation would otherwise take one lock of the whole process, for numbers nobody reads. */
static void configure_once(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int conn_new(struct conn **out, const char *path, enum conn_role role, char *words,
             size_t words_size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_once);
    struct conn *conn = mem_alloc(sizeof(*conn));
    conn->role = role;
    conn->cache = cache_new();
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    flags |= role == CONN_READER && path != NULL ? SQLITE_OPEN_READONLY
                                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path != NULL ? path : ":memory:", &conn->sqlite, flags, NULL);
    int err = code != SQLITE_OK ? conn_err(conn, code) : set_up(conn, path == NULL);
    if (err) {
        snprintf(words, words_size, "%s",
                 conn->sqlite != NULL ? sqlite3_errmsg(conn->sqlite) : sqlite3_errstr(code));
        conn_free(conn);
        return err;
    }
    *out = conn;
    return 0;
}

void conn_free(struct conn *conn)
{
    if (conn == NULL) {
        return;
    }
    cache_free(conn->cache);
    for (size_t i = 0; i < OWN_COUNT; i++) {
        sqlite3_finalize(conn->own[i]);
    }
    if (conn->sqlite != NULL) {
        /* SQLITE_BUSY would mean a statement that we forgot. */
        CHECK((sqlite3_close(conn->sqlite) & 0xff) != SQLITE_BUSY);
    }
    mem_free(conn);
}

void conn_act_for(struct conn *conn, struct db_owner *owner, enum conn_rights rights,
                  uint64_t time_ms)
{
    conn->owner = owner;
    conn->rights = rights;
    conn->words[0] = '\0';
    conn->deadline_ns = time_ms == 0 ? 0 : clock_precise_ns() + time_ms * 1000000U;
}

int conn_exec(struct conn *conn, const char *sql)
{
    return conn_err(conn, sqlite3_exec(conn->sqlite, sql, NULL, NULL, NULL));
}

/* The house's statements are prepared at their first use, with the house's rights. */
static int own_statement(struct conn *conn, enum conn_own which, sqlite3_stmt **out)
{
    if (conn->own[which] == NULL) {
        int code = sqlite3_prepare_v3(conn->sqlite, own_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                      &conn->own[which], NULL);
        if (code != SQLITE_OK) {
            return conn_err(conn, code);
        }
    }
    *out = conn->own[which];
    return 0;
}

/* SQLite may prepare anew at a step, when the schema has changed: the rights must then be ours. */
static int own_step(struct conn *conn, enum conn_own which, int64_t *in, int64_t *out)
{
    enum conn_rights rights = conn->rights;
    uint64_t deadline_ns = conn->deadline_ns;
    conn->rights = RIGHTS_HOUSE;
    conn->deadline_ns = 0;
    sqlite3_stmt *statement = NULL;
    int err = own_statement(conn, which, &statement);
    if (err == 0) {
        if (in != NULL) {
            sqlite3_bind_int64(statement, 1, *in);
        }
        int code = sqlite3_step(statement);
        if (code == SQLITE_ROW && out != NULL) {
            *out = sqlite3_column_int64(statement, 0);
        }
        err = conn_err(conn, code);
        sqlite3_reset(statement);
    }
    conn->rights = rights;
    conn->deadline_ns = deadline_ns;
    return err;
}

int conn_own(struct conn *conn, enum conn_own which)
{
    return own_step(conn, which, NULL, NULL);
}

int conn_rev_get(struct conn *conn, int64_t *rev)
{
    *rev = -1;
    int err = own_step(conn, OWN_REV_GET, NULL, rev);
    return err == 0 && *rev < 0 ? ERR_CORRUPT : err;
}

int conn_rev_set(struct conn *conn, int64_t rev)
{
    return own_step(conn, OWN_REV_SET, &rev, NULL);
}

bool conn_in_transaction(const struct conn *conn)
{
    return sqlite3_get_autocommit(conn->sqlite) == 0;
}

void conn_rollback(struct conn *conn)
{
    if (conn_in_transaction(conn)) {
        (void)conn_own(conn, OWN_ROLLBACK);
    }
}
