/* Opening the file and making its tables. */
#include "host/base/mem.h"
#include "tests/load/meshbare/store_private.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_BYTES_MAX 1024
#define SCHEMA_BYTES_MAX 65536

static int take_number(void *ctx, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    *(int64_t *)ctx = strtoll(values[0], NULL, 10);
    return 0;
}

static int exec(sqlite3 *sqlite, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &why) != SQLITE_OK) {
        fprintf(stderr, "meshbare: %s\n", why);
        sqlite3_free(why);
        return -1;
    }
    return 0;
}

/* The plugin's migration, and the two tables of others that its statements touch. */
static int make_tables(sqlite3 *sqlite, const char *schema_file)
{
    int64_t tables = 0;
    static char schema[SCHEMA_BYTES_MAX];
    sqlite3_exec(sqlite, "SELECT count(*) FROM sqlite_schema WHERE name = 'chat_entries'",
                 take_number, &tables, NULL);
    if (tables > 0) {
        return 0;
    }
    FILE *file = fopen(schema_file, "r");
    if (file == NULL) {
        perror(schema_file);
        return -1;
    }
    schema[fread(schema, 1, sizeof(schema) - 1, file)] = '\0';
    fclose(file);
    return exec(sqlite, schema) ||
           exec(sqlite, "CREATE TABLE mesh_meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
                        "INSERT INTO mesh_meta VALUES('rev', 0);"
                        "CREATE TABLE users_blocks (user_id TEXT NOT NULL, blocked_id TEXT NOT "
                        "NULL, created_at INTEGER NOT NULL, PRIMARY KEY (user_id, blocked_id)) "
                        "WITHOUT ROWID;");
}

int store_open_file(sqlite3 **out, const char *folder)
{
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof(path), "%s/chattermesh.db", folder);
    if (sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        fprintf(stderr, "meshbare: %s: %s\n", path, sqlite3_errmsg(*out));
        return -1;
    }
    return exec(*out, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536;"
                      "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 134217728;");
}

static int prepare_all(struct store *s)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        if (sqlite3_prepare_v3(s->sqlite, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &s->prepared[i], NULL) != SQLITE_OK) {
            fprintf(stderr, "meshbare: statement %d: %s\n", i, sqlite3_errmsg(s->sqlite));
            return -1;
        }
    }
    return 0;
}

struct store *store_open(const char *folder, const char *schema_file)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct store *s = mem_alloc(sizeof(*s));
    s->last = &s->first;
    s->done_last = &s->done_first;
    if (store_open_file(&s->sqlite, folder) != 0 || make_tables(s->sqlite, schema_file) != 0 ||
        prepare_all(s) != 0) {
        store_close(s);
        return NULL;
    }
    sqlite3_exec(s->sqlite, "SELECT value FROM mesh_meta WHERE name = 'rev'", take_number, &s->rev,
                 NULL);
    return s;
}

void store_close(struct store *s)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(s->prepared[i]);
    }
    sqlite3_close(s->sqlite);
    mem_free(s);
}
