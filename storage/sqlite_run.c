/*
 * One batch on one connection. Many batches share a transaction, so a batch
 * that fails must vanish from it alone. A savepoint does that, but it copies
 * every page that the batch touches first, a fifth of all the work; and most
 * batches do not fail, or fail at a guard before anything was written. So a
 * batch runs without one, and should it leave something behind, the caller is
 * told to take everything back and to run the others again. From then on, for
 * CONN_CAREFUL_BATCHES, the savepoint is opened before a writing statement
 * that others follow, so failures that come in numbers stay cheap.
 */
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "storage/sqlite_conn.h"

#include <stdio.h>

struct run {
    struct conn *conn;
    struct db_batch *batch;
    bool may_write;
    bool has_savepoint;
};

static int bind_values(struct run *run, sqlite3_stmt *statement, const struct batch_statement *s)
{
    if (sqlite3_bind_parameter_count(statement) != s->values) {
        snprintf(run->conn->words, sizeof(run->conn->words),
                 "the SQL wants %d values, %d are given", sqlite3_bind_parameter_count(statement),
                 s->values);
        return ERR_INVALID;
    }
    size_t offset = s->values_at;
    int code = SQLITE_OK;
    for (int i = 1; i <= s->values && code == SQLITE_OK; i++) {
        struct db_value v;
        value_read(run->batch->input.data, &offset, &v);
        switch (v.type) {
        case DB_NULL:
            code = sqlite3_bind_null(statement, i);
            break;
        case DB_INTEGER:
            code = sqlite3_bind_int64(statement, i, v.integer);
            break;
        case DB_REAL:
            code = sqlite3_bind_double(statement, i, v.real);
            break;
        /* The bytes stay where they are until the batch is done; the next user binds anew. */
        case DB_TEXT:
            code = sqlite3_bind_text(statement, i, v.bytes.data, (int)v.bytes.len, SQLITE_STATIC);
            break;
        case DB_BLOB:
            code = sqlite3_bind_blob(statement, i, v.bytes.data, (int)v.bytes.len, SQLITE_STATIC);
            break;
        }
    }
    return conn_err(run->conn, code);
}

static struct bytes column_bytes(sqlite3_stmt *statement, int column, const void *data)
{
    return (struct bytes){data, (size_t)sqlite3_column_bytes(statement, column)};
}

static int take_column(struct buf *out, sqlite3_stmt *statement, int column)
{
    struct db_value v = {0};
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        v.type = DB_INTEGER;
        v.integer = sqlite3_column_int64(statement, column);
        break;
    case SQLITE_FLOAT:
        v.type = DB_REAL;
        v.real = sqlite3_column_double(statement, column);
        break;
    case SQLITE_TEXT:
        v.type = DB_TEXT;
        v.bytes = column_bytes(statement, column, sqlite3_column_text(statement, column));
        break;
    case SQLITE_BLOB:
        v.type = DB_BLOB;
        v.bytes = column_bytes(statement, column, sqlite3_column_blob(statement, column));
        break;
    default:
        break;
    }
    return value_append(out, &v);
}

static int take_names(struct run *run, sqlite3_stmt *statement, struct batch_statement *s)
{
    struct buf *out = &run->batch->output;
    int columns = sqlite3_column_count(statement);
    s->columns = (uint32_t)columns;
    s->names_at = (uint32_t)out->len;
    for (int i = 0; i < columns; i++) {
        struct db_value name = {.type = DB_TEXT,
                                .bytes = bytes_of(sqlite3_column_name(statement, i))};
        int err = value_append(out, &name);
        if (err) {
            return err;
        }
    }
    s->rows_at = s->rows_end = (uint32_t)out->len;
    return 0;
}

static int take_row(struct run *run, sqlite3_stmt *statement, struct batch_statement *s)
{
    struct buf *out = &run->batch->output;
    if (s->rows == DB_ROWS_MAX) {
        snprintf(run->conn->words, sizeof(run->conn->words), "more than %d rows", DB_ROWS_MAX);
        return ERR_TOO_LARGE;
    }
    for (int i = 0; i < (int)s->columns; i++) {
        int err = take_column(out, statement, i);
        if (err) {
            snprintf(run->conn->words, sizeof(run->conn->words), "more than %u bytes of rows",
                     DB_RESULT_BYTES_MAX);
            return err;
        }
    }
    s->rows++;
    s->rows_end = (uint32_t)out->len;
    return 0;
}

static int step_all(struct run *run, sqlite3_stmt *statement, struct batch_statement *s)
{
    /* After the first step only: a statement may be prepared anew there, with other columns. */
    int code = sqlite3_step(statement);
    int err = code == SQLITE_ROW || code == SQLITE_DONE ? take_names(run, statement, s) : 0;
    while (code == SQLITE_ROW && err == 0) {
        err = take_row(run, statement, s);
        code = err ? code : sqlite3_step(statement);
    }
    if (err == 0 && code != SQLITE_DONE) {
        err = conn_err(run->conn, code);
        if (run->conn->words[0] == '\0') {
            snprintf(run->conn->words, sizeof(run->conn->words), "%s",
                     err == ERR_TIMEOUT ? "out of time" : sqlite3_errmsg(run->conn->sqlite));
        }
    }
    sqlite3_reset(statement);
    if (err == 0 && sqlite3_stmt_readonly(statement) == 0) {
        s->changes = sqlite3_changes64(run->conn->sqlite);
    }
    return err;
}

static bool guard_holds(const struct batch_statement *s)
{
    int64_t rows = s->columns > 0 ? (int64_t)s->rows : s->changes;
    switch ((enum db_guard)s->guard) {
    case DB_NONE:
        return rows == 0;
    case DB_ONE:
        return rows == 1;
    case DB_SOME:
        return rows > 0;
    case DB_ANY:
        return true;
    }
    UNREACHABLE("a guard");
}

static int run_statement(struct run *run, uint32_t i)
{
    struct batch_statement *s = &run->batch->statements[i];
    sqlite3_stmt *statement;
    int err = cache_get(run->conn, batch_sql(run->batch, s), s->sql_hash, &statement);
    if (err == 0) {
        err = bind_values(run, statement, s);
    }
    if (err) {
        return err;
    }
    bool writes = sqlite3_stmt_readonly(statement) == 0;
    if (writes && !run->may_write) {
        snprintf(run->conn->words, sizeof(run->conn->words), "a read may not change anything");
        return ERR_INVALID;
    }
    if (writes && run->conn->careful > 0 && !run->has_savepoint && i + 1 < run->batch->count) {
        err = conn_own(run->conn, OWN_SAVEPOINT);
        if (err) {
            return err;
        }
        run->has_savepoint = true;
    }
    err = step_all(run, statement, s);
    return err == 0 && !guard_holds(s) ? ERR_GUARD : err;
}

static void run_statements(struct run *run)
{
    struct db_batch *batch = run->batch;
    batch_reset(batch);
    conn_act_for(run->conn, batch->owner, RIGHTS_BATCH, DB_TIME_MS_MAX);
    run->conn->now_ms = clock_wall_ms();
    for (uint32_t i = 0; i < batch->count; i++) {
        int err = run_statement(run, i);
        if (err) {
            batch_fail(batch, i, err, run->conn->words);
            break;
        }
    }
    conn_act_for(run->conn, NULL, RIGHTS_HOUSE, 0);
}

bool run_batch(struct conn *conn, struct db_batch *batch)
{
    struct run run = {conn, batch, !batch->is_read, false};
    conn->careful -= conn->careful > 0;
    int64_t before = sqlite3_total_changes64(conn->sqlite);
    run_statements(&run);
    if (batch->err == 0) {
        int err = run.has_savepoint ? conn_own(conn, OWN_RELEASE) : 0;
        if (err) {
            batch_fail(batch, batch->count - 1, err, "the end of the batch");
        }
        return err == 0;
    }
    if (!conn_in_transaction(conn)) {
        return false; /* SQLite took everything back itself, as when time ran out in a write */
    }
    if (!run.has_savepoint) {
        return sqlite3_total_changes64(conn->sqlite) == before;
    }
    return conn_own(conn, OWN_BACK) == 0 && conn_own(conn, OWN_RELEASE) == 0;
}

void run_read(struct conn *conn, struct db_batch *batch)
{
    struct run run = {conn, batch, false, false};
    conn->rev = -1;
    bool needs_transaction = batch->count > 1; /* one statement is a snapshot by itself */
    int err = needs_transaction ? conn_own(conn, OWN_BEGIN_READ) : 0;
    if (err) {
        batch_reset(batch);
        batch_fail(batch, 0, err, sqlite3_errmsg(conn->sqlite));
        return;
    }
    run_statements(&run);
    if (needs_transaction) {
        conn_rollback(conn);
    }
}
