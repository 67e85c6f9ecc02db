/*
 * All that is new runs in one transaction, with the owner's rights. SQLite
 * does not ask about the new name of a table in ALTER TABLE … RENAME, so at
 * the end the schema outside the owner's names must be what it was.
 */
#include "storage/migrate.h"

#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "storage/owner.h"
#include "storage/sqlite_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKSUM_LEN 16

static int fail(struct migrate *m, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct migrate *m, int err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(m->message, m->message_size, format, args);
    va_end(args);
    return err;
}

/* FNV-1a: it stays in files for years and finds edits, not attackers. */
static uint64_t fnv(uint64_t hash, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)data[i]) * 1099511628211U;
    }
    return hash;
}
#define FNV_START 14695981039346656037U

static void checksum(char out[CHECKSUM_LEN + 1], struct bytes sql)
{
    snprintf(out, CHECKSUM_LEN + 1, "%016llx",
             (unsigned long long)fnv(FNV_START, sql.data, sql.len));
}

static int by_name(const void *a, const void *b)
{
    const struct db_migration *const *one = a;
    const struct db_migration *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

static const struct db_migration *find(const struct migrate *m, const char *name)
{
    for (size_t i = 0; i < m->count; i++) {
        if (strcmp(m->migrations[i].name, name) == 0) {
            return &m->migrations[i];
        }
    }
    return NULL;
}

static int prepare(struct conn *conn, const char *sql, struct migrate *m, sqlite3_stmt **out)
{
    int code = sqlite3_prepare_v2(conn->sqlite, sql, -1, out, NULL);
    if (code != SQLITE_OK) {
        return fail(m, conn_err(conn, code), "%s: %s", owner_name(m->owner),
                    sqlite3_errmsg(conn->sqlite));
    }
    return 0;
}

/* ---- what was applied before ---- */

/* The host's own, which come and go with a plugin's rights: their tables stay, their order is free.
 */
static bool is_hosts(const char *name)
{
    return strncmp(name, "0000_", 5) == 0;
}

static int check_applied(struct migrate *m, const char *name, const char *sum)
{
    const struct db_migration *now = find(m, name);
    if (now == NULL && is_hosts(name)) {
        return 0;
    }
    if (now == NULL) {
        return fail(m, ERR_CONSTRAINT,
                    "%s: migration %s was applied to this database but is missing now; bring the "
                    "file back (a table that is no longer wanted is dropped by a new migration)",
                    owner_name(m->owner), name);
    }
    char have[CHECKSUM_LEN + 1];
    checksum(have, now->sql);
    if (strcmp(have, sum) != 0) {
        return fail(m, ERR_CONSTRAINT,
                    "%s: migration %s has changed since it was applied; restore the file as it was "
                    "and put the change into a new migration",
                    owner_name(m->owner), name);
    }
    return 0;
}

/* Checks what was applied and finds the name of the last one. */
static int check_history(struct conn *conn, struct migrate *m, char **last)
{
    sqlite3_stmt *s;
    int err = prepare(
        conn, "SELECT name, checksum FROM mesh_migrations WHERE owner = ?1 ORDER BY name", m, &s);
    if (err) {
        return err;
    }
    sqlite3_bind_text(s, 1, owner_name(m->owner), -1, SQLITE_STATIC);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW && err == 0) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        err = check_applied(m, name, (const char *)sqlite3_column_text(s, 1));
        mem_free(*last);
        *last = mem_copy_text(name, strlen(name));
    }
    if (err == 0 && code != SQLITE_DONE) {
        err = fail(m, conn_err(conn, code), "%s", sqlite3_errmsg(conn->sqlite));
    }
    sqlite3_finalize(s);
    return err;
}

/* ---- one migration ---- */

static int line_of(const char *sql, const char *at)
{
    int line = 1;
    for (; sql < at; sql++) {
        line += *sql == '\n';
    }
    return line;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n;");
}

static int fail_at(struct conn *conn, struct migrate *m, const char *name, int line, int code)
{
    int err = conn_err(conn, code);
    /* A constraint is the SQL's own fault here; ERR_CONSTRAINT speaks of the files. */
    err = err == ERR_CONSTRAINT || err == ERR_DENIED ? ERR_INVALID : err;
    return fail(m, err, "%s: migration %s, line %d: %s", owner_name(m->owner), name, line,
                conn->words[0] != '\0' ? conn->words : sqlite3_errmsg(conn->sqlite));
}

static int apply_sql(struct conn *conn, struct migrate *m, const char *name, const char *sql)
{
    const char *at = skip_blanks(sql);
    while (*at != '\0') {
        sqlite3_stmt *s = NULL;
        const char *next = at;
        int code = sqlite3_prepare_v2(conn->sqlite, at, -1, &s, &next);
        while (s != NULL && (code = sqlite3_step(s)) == SQLITE_ROW) {
        }
        sqlite3_finalize(s);
        if (code != SQLITE_OK && code != SQLITE_DONE) {
            return fail_at(conn, m, name, line_of(sql, at), code);
        }
        at = skip_blanks(next);
    }
    return 0;
}

static int note_applied(struct conn *conn, struct migrate *m, const struct db_migration *one)
{
    char sum[CHECKSUM_LEN + 1];
    checksum(sum, one->sql);
    sqlite3_stmt *s;
    int err = prepare(conn, "INSERT INTO mesh_migrations VALUES(?1, ?2, ?3, ?4)", m, &s);
    if (err) {
        return err;
    }
    sqlite3_bind_text(s, 1, owner_name(m->owner), -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, one->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, sum, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, clock_wall_ms());
    int code = sqlite3_step(s);
    sqlite3_finalize(s);
    return code == SQLITE_DONE ? 0
                               : fail(m, conn_err(conn, code), "%s", sqlite3_errmsg(conn->sqlite));
}

static int apply(struct conn *conn, struct migrate *m, const struct db_migration *one)
{
    if (one->sql.len > 0 && memchr(one->sql.data, '\0', one->sql.len) != NULL) {
        return fail(m, ERR_INVALID, "%s: migration %s has a NUL byte", owner_name(m->owner),
                    one->name);
    }
    char *sql = mem_try_alloc(one->sql.len + 1);
    if (sql == NULL) {
        return fail(m, ERR_NOMEM, "out of memory");
    }
    if (one->sql.len > 0) {
        memcpy(sql, one->sql.data, one->sql.len);
    }
    sql[one->sql.len] = '\0';
    conn_act_for(conn, m->owner, RIGHTS_MIGRATION, MIGRATE_TIME_MS_MAX);
    int err = apply_sql(conn, m, one->name, sql);
    conn_act_for(conn, NULL, RIGHTS_HOUSE, 0);
    mem_free(sql);
    return err == 0 ? note_applied(conn, m, one) : err;
}

/* ---- the whole ---- */

/* A number for all of the schema that is not the owner's. */
static int foreign_schema(struct conn *conn, struct migrate *m, uint64_t *sum)
{
    sqlite3_stmt *s;
    int err = prepare(conn,
                      "SELECT name, tbl_name, coalesce(sql, '') FROM sqlite_master "
                      "WHERE tbl_name <> 'sqlite_sequence' ORDER BY name",
                      m, &s);
    if (err) {
        return err;
    }
    *sum = FNV_START;
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        if (owner_has_table(m->owner, (const char *)sqlite3_column_text(s, 1))) {
            continue;
        }
        for (int i = 0; i < 3; i++) {
            const char *text = (const char *)sqlite3_column_text(s, i);
            *sum = fnv(*sum, text, strlen(text) + 1);
        }
    }
    sqlite3_finalize(s);
    return code == SQLITE_DONE ? 0
                               : fail(m, conn_err(conn, code), "%s", sqlite3_errmsg(conn->sqlite));
}

static int apply_new(struct conn *conn, struct migrate *m, const struct db_migration **sorted,
                     const char *last)
{
    uint64_t before;
    uint64_t after;
    int err = foreign_schema(conn, m, &before);
    for (size_t i = 0; i < m->count && err == 0; i++) {
        const char *name = sorted[i]->name;
        if (i > 0 && strcmp(sorted[i - 1]->name, name) == 0) {
            err =
                fail(m, ERR_INVALID, "%s: two migrations are named %s", owner_name(m->owner), name);
        } else if (last == NULL || strcmp(name, last) > 0) {
            err = apply(conn, m, sorted[i]);
        }
    }
    if (err == 0) {
        err = foreign_schema(conn, m, &after);
    }
    if (err == 0 && before != after) {
        err = fail(m, ERR_INVALID, "%s: a migration changes tables outside %s_...",
                   owner_name(m->owner), owner_name(m->owner));
    }
    return err;
}

/* One with a name before the last applied one came too late: its effect would depend on history. */
static int check_order(struct conn *conn, struct migrate *m, const struct db_migration **sorted,
                       const char *last)
{
    sqlite3_stmt *s;
    int err = prepare(conn, "SELECT 1 FROM mesh_migrations WHERE owner = ?1 AND name = ?2", m, &s);
    for (size_t i = 0; i < m->count && err == 0; i++) {
        if (last == NULL || strcmp(sorted[i]->name, last) >= 0) {
            break;
        }
        if (is_hosts(sorted[i]->name)) {
            continue;
        }
        sqlite3_bind_text(s, 1, owner_name(m->owner), -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, sorted[i]->name, -1, SQLITE_STATIC);
        if (sqlite3_step(s) != SQLITE_ROW) {
            err = fail(m, ERR_CONSTRAINT,
                       "%s: migration %s is new but comes before %s, which was applied; give it a "
                       "later number",
                       owner_name(m->owner), sorted[i]->name, last);
        }
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return err;
}

static int run_sorted(struct conn *conn, struct migrate *m, const struct db_migration **sorted)
{
    int err = conn_own(conn, OWN_BEGIN);
    if (err) {
        return fail(m, err, "%s", sqlite3_errmsg(conn->sqlite));
    }
    char *last = NULL;
    err = check_history(conn, m, &last);
    if (err == 0) {
        err = check_order(conn, m, sorted, last);
    }
    if (err == 0) {
        err = apply_new(conn, m, sorted, last);
    }
    mem_free(last);
    if (err == 0) {
        err = conn_own(conn, OWN_COMMIT);
        if (err) {
            fail(m, err, "the migrations of %s are not stored: %s", owner_name(m->owner),
                 sqlite3_errmsg(conn->sqlite));
        }
    }
    return err;
}

int migrate_run(void *ctx, struct conn *conn)
{
    struct migrate *m = ctx;
    if (m->count > DB_MIGRATIONS_MAX) {
        return fail(m, ERR_INVALID, "more than %d migrations", DB_MIGRATIONS_MAX);
    }
    const struct db_migration **sorted =
        mem_alloc_array(m->count + 1, sizeof(struct db_migration *));
    for (size_t i = 0; i < m->count; i++) {
        sorted[i] = &m->migrations[i];
    }
    qsort(sorted, m->count, sizeof(struct db_migration *), by_name);
    int err = run_sorted(conn, m, sorted);
    mem_free(sorted);
    return err;
}
