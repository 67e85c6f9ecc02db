/*
 * What a plugin's SQL may do. SQLite asks at each prepare, for every table,
 * column and function that the statement would touch, also inside triggers
 * and full-text tables. Everything that is not named here is refused, so a
 * new SQLite brings no new rights.
 */
#include "storage/owner.h"
#include "storage/sqlite_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Sorted. */
static const char *const functions[] = {
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "bm25",
    "ceil",
    "ceiling",
    "changes",
    "char",
    "coalesce",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "fts5",
    "glob",
    "group_concat",
    "hex",
    "highlight",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_each",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_tree",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_insert_rowid",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "match",
    "max",
    "mesh_now",
    "mesh_rev",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "snippet",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "tan",
    "tanh",
    "time",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
};

/* ALTER TABLE works through functions that SQL of our own cannot reach. Sorted. */
static const char *const alter_functions[] = {
    "sqlite_drop_column",     "sqlite_fail",         "sqlite_rename_column",
    "sqlite_rename_quotefix", "sqlite_rename_table", "sqlite_rename_test",
};

static int compare(const void *key, const void *item)
{
    return strcasecmp(key, *(const char *const *)item);
}

#define IN_LIST(name, list)                                                                        \
    (bsearch((name), (list), sizeof(list) / sizeof((list)[0]), sizeof((list)[0]), compare) != NULL)

static int refuse(struct conn *conn, const char *what, const char *name)
{
    if (conn->words[0] == '\0') {
        snprintf(conn->words, sizeof(conn->words), "%s %.60s is not allowed to plugin %s", what,
                 name, owner_name(conn->owner));
    }
    return SQLITE_DENY;
}

static bool is_schema_table(const char *table)
{
    return strcasecmp(table, "sqlite_master") == 0 || strcasecmp(table, "sqlite_schema") == 0 ||
           strcasecmp(table, "sqlite_sequence") == 0;
}

static int read_table(struct conn *conn, const char *table, const char *column)
{
    /* Connecting a virtual table asks for no more of the schema than this. */
    bool is_connecting = is_schema_table(table) && strcmp(column, "ROWID") == 0;
    if (owner_may_read(conn->owner, table) || strcasecmp(table, "json_each") == 0 ||
        strcasecmp(table, "json_tree") == 0 || is_connecting ||
        (conn->rights == RIGHTS_MIGRATION && is_schema_table(table))) {
        return SQLITE_OK;
    }
    return refuse(conn, "reading table", table);
}

static int write_table(struct conn *conn, const char *table)
{
    /* SQLite itself notes tables there, also when it connects a virtual one; an
     * author's own change of it is refused by the defensive mode. */
    if (owner_has_table(conn->owner, table) || is_schema_table(table)) {
        return SQLITE_OK;
    }
    return refuse(conn, "changing table", table);
}

static int call_function(struct conn *conn, const char *name)
{
    if (IN_LIST(name, functions) ||
        (conn->rights == RIGHTS_MIGRATION && IN_LIST(name, alter_functions))) {
        return SQLITE_OK;
    }
    return refuse(conn, "the function", name);
}

/* Renaming a column rewrites the temporary schema too, which is empty. */
static bool is_alter_of_temp(const struct conn *conn, int action, const char *table)
{
    return conn->rights == RIGHTS_MIGRATION && (action == SQLITE_READ || action == SQLITE_UPDATE) &&
           (strcasecmp(table, "sqlite_temp_master") == 0 ||
            strcasecmp(table, "sqlite_temp_schema") == 0);
}

/* Both the new thing and the table that it hangs on. */
static int change_schema(struct conn *conn, const char *name, const char *table)
{
    if (conn->rights != RIGHTS_MIGRATION) {
        return refuse(conn, "changing the schema outside migrations, at", name);
    }
    bool is_automatic =
        strncasecmp(name, "sqlite_", 7) == 0; /* sqlite_autoindex_…, made by itself */
    if ((is_automatic || owner_has_table(conn->owner, name)) &&
        (table == NULL || owner_has_table(conn->owner, table))) {
        return SQLITE_OK;
    }
    return refuse(conn, "in the schema,", name);
}

static int ask_migration(struct conn *conn, int action, const char *a, const char *b)
{
    switch (action) {
    case SQLITE_CREATE_TABLE:
        /* How a virtual table declares its columns. No batch begins with CREATE (sqlite_cache.c),
         * and a migration that makes a table of this name fails at its end (migrate.c). */
        return strcmp(a, "x") == 0 ? SQLITE_OK : change_schema(conn, a, NULL);
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VTABLE:
        return change_schema(conn, a, NULL);
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TRIGGER:
        return change_schema(conn, a, b);
    case SQLITE_ALTER_TABLE: /* a is the schema, b the table, and then a column to drop */
        return strcmp(a, "main") == 0 ? change_schema(conn, b, NULL)
                                      : refuse(conn, "the schema", a);
    case SQLITE_CREATE_VTABLE:
        return strcasecmp(b, "fts5") == 0 ? change_schema(conn, a, NULL)
                                          : refuse(conn, "the table module", b);
    case SQLITE_REINDEX:
        return conn->rights == RIGHTS_MIGRATION ? SQLITE_OK : refuse(conn, "REINDEX of", a);
    default:
        return refuse(conn, "this kind of statement", a);
    }
}

int rights_authorize(void *ctx, int action, const char *a, const char *b, const char *schema,
                     const char *trigger)
{
    struct conn *conn = ctx;
    (void)trigger; /* its statements are asked for like all others */
    if (conn->rights == RIGHTS_HOUSE) {
        return SQLITE_OK;
    }
    a = a != NULL ? a : "";
    b = b != NULL ? b : "";
    if (action != SQLITE_ALTER_TABLE && schema != NULL && strcmp(schema, "main") != 0) {
        return is_alter_of_temp(conn, action, a) ? SQLITE_OK : refuse(conn, "the schema", schema);
    }
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return read_table(conn, a, b);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return write_table(conn, a);
    case SQLITE_FUNCTION:
        return call_function(conn, b);
    case SQLITE_PRAGMA:
        /* Full-text tables look whether somebody else has written. */
        return strcasecmp(a, "data_version") == 0 && b[0] == '\0' ? SQLITE_OK
                                                                  : refuse(conn, "PRAGMA", a);
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return refuse(conn, "a transaction of one's own:", a);
    default:
        return ask_migration(conn, action, a, b);
    }
}
