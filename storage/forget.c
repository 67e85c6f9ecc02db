#include "storage/forget.h"

#include "host/base/err.h"
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

int forget_deleted(struct conn *conn)
{
    conn_act_for(conn, NULL, RIGHTS_HOUSE, 0);
    int err = is_small(conn) ? rewrite(conn) : 0;
    return err == 0 ? empty_log(conn) : err;
}
