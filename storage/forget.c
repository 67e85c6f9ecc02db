#include "storage/forget.h"

#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "storage/sqlite_conn.h"

static int64_t number_of(struct conn *conn, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(conn->sqlite, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return number;
}

static bool is_small(struct conn *conn)
{
    int64_t pages = number_of(conn, "PRAGMA page_count");
    int64_t bytes = number_of(conn, "PRAGMA page_size");
    return pages > 0 && bytes > 0 && pages <= (int64_t)FORGET_REWRITE_MIB * 1024 * 1024 / bytes;
}

/* Rewriting attaches a temporary database of its own, which nothing else here may. */
static int rewrite(struct conn *conn)
{
    if (!is_small(conn)) {
        return 0;
    }
    int attached = sqlite3_limit(conn->sqlite, SQLITE_LIMIT_ATTACHED, 1);
    int err = conn_exec(conn, "VACUUM");
    sqlite3_limit(conn->sqlite, SQLITE_LIMIT_ATTACHED, attached);
    return err;
}

static int empty_log(struct conn *conn)
{
    sqlite3_busy_timeout(conn->sqlite, FORGET_BUSY_MS);
    int code =
        sqlite3_wal_checkpoint_v2(conn->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(conn->sqlite, CONN_BUSY_MS_MAX);
    return conn_err(conn, code);
}

/* *rewrites is whether the file is to be rewritten, too; false once it was. */
static int forget(struct conn *conn, bool *rewrites)
{
    int err = 0;
    conn_act_for(conn, NULL, RIGHTS_HOUSE, 0);
    if (*rewrites) {
        err = rewrite(conn);
        *rewrites = err != 0;
    }
    if (err == 0) {
        err = empty_log(conn);
    }
    conn_rollback(conn);
    return err;
}

static void ask(struct forgetter *f)
{
    long long nothing = 0;
    (void)atomic_compare_exchange_strong(&f->at_ms, &nothing, clock_steady_ms() + FORGET_AFTER_MS);
}

void forget_ask(struct forgetter *f)
{
    atomic_store(&f->rewrites, true);
    ask(f);
}

bool forget_is_asked(const struct forgetter *f)
{
    return atomic_load(&f->at_ms) != 0;
}

void forget_if_due(struct forgetter *f, struct conn *conn)
{
    long long at_ms = atomic_load(&f->at_ms);
    if (at_ms == 0 || clock_steady_ms() < at_ms) {
        return;
    }
    atomic_store(&f->at_ms, 0);
    bool rewrites = atomic_exchange(&f->rewrites, false);
    int err = conn == NULL ? ERR_IO : forget(conn, &rewrites);
    if (err != 0) {
        LOG(LOG_DEBUG, "storage", "what was deleted can be made unreadable later only",
            LOG_TEXT("error", err_name(err)));
        if (rewrites) {
            atomic_store(&f->rewrites, true);
        }
        ask(f);
    }
}

void forget_now(struct conn *conn)
{
    bool rewrites = true;
    (void)forget(conn, &rewrites);
}
