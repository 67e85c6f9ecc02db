/*
 * Prepared statements of one connection, by owner and by text. An owner keeps
 * CONN_STATEMENTS_MAX; the one not used for longest goes first. What an owner
 * leaves behind when it ends goes when the next owner comes.
 */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "storage/owner.h"
#include "storage/sqlite_conn.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BUCKETS 128 /* a power of two */

struct cached {
    struct cached *in_bucket;
    struct cached *newer;
    struct cached *older;
    uint64_t hash;
    sqlite3_stmt *statement;
    size_t sql_bytes;
    char sql[];
};

struct shelf {
    struct shelf *next;
    struct db_owner *owner;
    size_t count;
    struct cached *newest;
    struct cached *oldest;
    struct cached *buckets[BUCKETS];
};

struct statement_cache {
    struct shelf *first;
};

struct statement_cache *cache_new(void)
{
    return mem_alloc(sizeof(struct statement_cache));
}

static struct cached **bucket_of(struct shelf *shelf, uint64_t hash)
{
    return &shelf->buckets[hash & (BUCKETS - 1)];
}

static void take_from_line(struct shelf *shelf, struct cached *c)
{
    *(c->newer != NULL ? &c->newer->older : &shelf->newest) = c->older;
    *(c->older != NULL ? &c->older->newer : &shelf->oldest) = c->newer;
}

static void put_first(struct shelf *shelf, struct cached *c)
{
    c->newer = NULL;
    c->older = shelf->newest;
    *(shelf->newest != NULL ? &shelf->newest->newer : &shelf->oldest) = c;
    shelf->newest = c;
}

static void drop(struct shelf *shelf, struct cached *c)
{
    struct cached **at = bucket_of(shelf, c->hash);
    while (*at != c) {
        at = &(*at)->in_bucket;
    }
    *at = c->in_bucket;
    take_from_line(shelf, c);
    shelf->count--;
    sqlite3_finalize(c->statement);
    mem_free(c);
}

static void shelf_free(struct shelf *shelf)
{
    while (shelf->oldest != NULL) {
        drop(shelf, shelf->oldest);
    }
    owner_drop(shelf->owner);
    mem_free(shelf);
}

void cache_free(struct statement_cache *cache)
{
    while (cache->first != NULL) {
        struct shelf *shelf = cache->first;
        cache->first = shelf->next;
        shelf_free(shelf);
    }
    mem_free(cache);
}

static void drop_dead(struct statement_cache *cache)
{
    struct shelf **at = &cache->first;
    while (*at != NULL) {
        struct shelf *shelf = *at;
        if (owner_is_dead(shelf->owner)) {
            *at = shelf->next;
            shelf_free(shelf);
        } else {
            at = &shelf->next;
        }
    }
}

static struct shelf *shelf_of(struct statement_cache *cache, struct db_owner *owner)
{
    for (struct shelf *shelf = cache->first; shelf != NULL; shelf = shelf->next) {
        if (shelf->owner == owner) {
            return shelf;
        }
    }
    drop_dead(cache);
    struct shelf *shelf = mem_alloc(sizeof(*shelf));
    shelf->owner = owner;
    owner_hold(owner);
    shelf->next = cache->first;
    cache->first = shelf;
    return shelf;
}

static struct cached *find(struct shelf *shelf, struct bytes sql, uint64_t hash)
{
    struct cached *c = *bucket_of(shelf, hash);
    while (c != NULL &&
           !(c->hash == hash && bytes_equal((struct bytes){c->sql, c->sql_bytes}, sql))) {
        c = c->in_bucket;
    }
    return c;
}

/* Words go to the connection, unless the authorizer has better ones. */
static int fail(struct conn *conn, int err, const char *words)
{
    if (conn->words[0] == '\0') {
        snprintf(conn->words, sizeof(conn->words), "%s", words);
    }
    return err;
}

static int fail_prepare(struct conn *conn, int code)
{
    char words[CONN_WORDS_BYTES_MAX];
    int at = sqlite3_error_offset(conn->sqlite);
    if (at >= 0) {
        snprintf(words, sizeof(words), "%s, at byte %d", sqlite3_errmsg(conn->sqlite), at + 1);
    } else {
        snprintf(words, sizeof(words), "%s", sqlite3_errmsg(conn->sqlite));
    }
    return fail(conn, conn_err(conn, code), words);
}

/* True when nothing but blanks, comments and semicolons follows. */
static bool ends_here(struct conn *conn, const char *tail)
{
    while (*tail != '\0') {
        sqlite3_stmt *more = NULL;
        const char *next = tail;
        int code = sqlite3_prepare_v2(conn->sqlite, tail, -1, &more, &next);
        sqlite3_finalize(more);
        if (code != SQLITE_OK || more != NULL || next == tail) {
            return false;
        }
        tail = next;
    }
    return true;
}

static int check_statement(struct conn *conn, sqlite3_stmt *statement, const char *tail)
{
    CHECK(statement != NULL); /* it begins with a word, so it is a statement or an error */
    if (!ends_here(conn, tail)) {
        conn->words[0] = '\0';
        return fail(conn, ERR_INVALID, "one statement at a time: more SQL follows the first");
    }
    return 0;
}

static const char *skip_comments(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n\f");
        const char *end;
        if (strncmp(at, "--", 2) == 0) {
            end = strchr(at, '\n');
        } else if (strncmp(at, "/*", 2) == 0) {
            end = strstr(at + 2, "*/");
            end = end != NULL ? end + 1 : NULL;
        } else {
            return at;
        }
        if (end == NULL) {
            return at + strlen(at);
        }
        at = end + 1;
    }
}

/* The first word alone tells what a statement is; the authorizer sees what it touches. */
static bool begins_well(const char *sql)
{
    static const char *const words[] = {"SELECT", "INSERT",  "UPDATE", "DELETE",
                                        "WITH",   "REPLACE", "VALUES"};
    sql = skip_comments(sql);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncasecmp(sql, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

static int prepare(struct conn *conn, struct bytes sql, struct cached **out)
{
    if (sql.len > 0 && memchr(sql.data, '\0', sql.len) != NULL) {
        return fail(conn, ERR_INVALID, "a NUL byte in the SQL");
    }
    struct cached *c = mem_alloc(sizeof(*c) + sql.len + 1);
    c->sql_bytes = sql.len;
    if (sql.len > 0) {
        memcpy(c->sql, sql.data, sql.len);
    }
    if (!begins_well(c->sql)) {
        mem_free(c);
        return fail(conn, ERR_INVALID,
                    "a statement of SELECT, INSERT, UPDATE, DELETE, REPLACE, VALUES or WITH is "
                    "expected");
    }
    const char *tail = c->sql;
    int code = sqlite3_prepare_v3(conn->sqlite, c->sql, (int)sql.len + 1, SQLITE_PREPARE_PERSISTENT,
                                  &c->statement, &tail);
    int err =
        code != SQLITE_OK ? fail_prepare(conn, code) : check_statement(conn, c->statement, tail);
    if (err) {
        sqlite3_finalize(c->statement);
        mem_free(c);
        return err;
    }
    *out = c;
    return 0;
}

int cache_get(struct conn *conn, struct bytes sql, uint64_t hash, sqlite3_stmt **out)
{
    struct shelf *shelf = shelf_of(conn->cache, conn->owner);
    struct cached *c = find(shelf, sql, hash);
    if (c != NULL) {
        if (c != shelf->newest) {
            take_from_line(shelf, c);
            put_first(shelf, c);
        }
        *out = c->statement;
        return 0;
    }
    int err = prepare(conn, sql, &c);
    if (err) {
        return err;
    }
    if (shelf->count == CONN_STATEMENTS_MAX) {
        drop(shelf, shelf->oldest);
    }
    c->hash = hash;
    c->in_bucket = *bucket_of(shelf, hash);
    *bucket_of(shelf, hash) = c;
    put_first(shelf, c);
    shelf->count++;
    *out = c->statement;
    return 0;
}
