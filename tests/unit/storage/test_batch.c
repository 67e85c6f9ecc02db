/* What a batch promises to its author: all or nothing, guards, results, words. */
#include "host/base/err.h"
#include "tests/unit/storage/store.h"
#include "tests/unit/unit.h"

static const enum store_kind kinds[] = {STORE_MEMORY, STORE_FILE, STORE_FILE_THREADLESS};
#define EACH_KIND(store)                                                                           \
    for (size_t k_ = 0; k_ < 3 && (store_open(&(store), kinds[k_]), store_make_log(&(store)), 1);  \
         store_close(&(store)), k_++)

TEST(batch, rows_come_back_with_their_types_and_names)
{
    struct store s;
    EACH_KIND(s)
    {
        struct db_batch *b =
            store_batch(&s, "SELECT 7 AS seven, 1.5, 'text', x'00ff', NULL AS empty");
        assert_int_equal(store_read(&s, b), 0);
        assert_int_equal(db_result_columns(b, 0), 5);
        assert_true(bytes_equal_text(db_result_column_name(b, 0, 0), "seven"));
        assert_true(bytes_equal_text(db_result_column_name(b, 0, 4), "empty"));
        struct db_cursor c = db_result_open(b, 0);
        struct db_value v;
        assert_true(db_result_next(&c, &v) && v.type == DB_INTEGER && v.integer == 7);
        assert_true(db_result_next(&c, &v) && v.type == DB_REAL && v.real == 1.5);
        assert_true(db_result_next(&c, &v) && v.type == DB_TEXT &&
                    bytes_equal_text(v.bytes, "text"));
        assert_true(db_result_next(&c, &v) && v.type == DB_BLOB &&
                    bytes_equal(v.bytes, (struct bytes){"\0\xff", 2}));
        assert_true(db_result_next(&c, &v) && v.type == DB_NULL);
        assert_false(db_result_next(&c, &v));
        db_batch_free(b);
    }
}

TEST(batch, written_rows_are_read_back)
{
    struct store s;
    EACH_KIND(s)
    {
        struct db_batch *b = store_batch(&s, "INSERT INTO chat_log(text) VALUES(?1) RETURNING id");
        store_bind_text(b, "one");
        assert_int_equal(store_write(&s, b), 0);
        assert_int_equal(db_result_rows(b, 0), 1);
        assert_int_equal(db_result_changes(b, 0), 1);
        db_batch_free(b);
        assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log WHERE text = 'one'"), 1);
    }
}

TEST(batch, a_failing_statement_takes_the_whole_batch_back)
{
    struct store s;
    EACH_KIND(s)
    {
        assert_int_equal(store_exec(&s, "INSERT INTO chat_log(text) VALUES('taken')"), 0);
        struct db_batch *b = store_batch(&s, "INSERT INTO chat_log(text) VALUES('new')");
        store_add(b, "INSERT INTO chat_log(text) VALUES('taken')", DB_ANY);
        store_add(b, "INSERT INTO chat_log(text) VALUES('never')", DB_ANY);
        assert_int_equal(store_write(&s, b), ERR_CONSTRAINT);
        assert_int_equal(db_batch_failed_at(b), 1);
        assert_non_null(strstr(db_batch_error(b), "UNIQUE constraint failed: chat_log.text"));
        db_batch_free(b);
        assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), 1);
    }
}

TEST(batch, a_guard_that_does_not_hold_stops_the_batch_and_keeps_the_rows)
{
    struct store s;
    EACH_KIND(s)
    {
        assert_int_equal(store_exec(&s, "INSERT INTO chat_log(text) VALUES('there')"), 0);
        struct db_batch *b = store_batch(&s, "INSERT INTO chat_log(text) VALUES('x')");
        store_add(b, "SELECT id FROM chat_log WHERE text = 'there'", DB_NONE);
        assert_int_equal(store_write(&s, b), ERR_GUARD);
        assert_int_equal(db_batch_failed_at(b), 1);
        assert_int_equal(db_result_rows(b, 1), 1);
        db_batch_free(b);
        assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), 1);
    }
}

TEST(batch, guards_count_changed_rows_when_a_statement_gives_none)
{
    struct store s;
    EACH_KIND(s)
    {
        store_exec(&s, "INSERT INTO chat_log(text) VALUES('a'), ('b')");
        static const struct {
            enum db_guard guard;
            const char *sql;
            int err;
        } cases[] = {
            {DB_ONE, "UPDATE chat_log SET text = text WHERE text = 'a'", 0},
            {DB_ONE, "UPDATE chat_log SET text = text || '!'", ERR_GUARD},
            {DB_ONE, "UPDATE chat_log SET text = 'c' WHERE text = 'z'", ERR_GUARD},
            {DB_SOME, "UPDATE chat_log SET text = text", 0},
            {DB_SOME, "DELETE FROM chat_log WHERE text = 'z'", ERR_GUARD},
            {DB_NONE, "INSERT INTO chat_log(text) VALUES('a') ON CONFLICT DO NOTHING", 0},
            {DB_NONE, "DELETE FROM chat_log", ERR_GUARD},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct db_batch *b = store_batch(&s, "SELECT 1");
            store_add(b, cases[i].sql, cases[i].guard);
            assert_int_equal(store_write(&s, b), cases[i].err);
            db_batch_free(b);
        }
        assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log WHERE text IN ('a','b')"),
                         2);
    }
}

/* What SQLite leaves behind on its own: nothing, a part, or the end of the whole transaction. */
TEST(batch, no_kind_of_conflict_harms_the_batch_or_its_neighbours)
{
    static const char *const failing[] = {
        "INSERT OR FAIL INTO chat_log(text) VALUES('p'), ('q'), ('old')",
        "INSERT OR ROLLBACK INTO chat_log(text) VALUES('p'), ('old')",
        "INSERT OR ABORT INTO chat_log(text) VALUES('p'), ('old')",
        "UPDATE OR FAIL chat_log SET text = 'same'",
    };
    struct store s;
    EACH_KIND(s)
    {
        store_exec(&s, "INSERT INTO chat_log(text) VALUES('old'), ('older')");
        for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
            assert_int_equal(store_exec(&s, failing[i]), ERR_CONSTRAINT);
            struct db_batch *b = store_batch(&s, "INSERT INTO chat_log(text) VALUES('r')");
            store_add(b, failing[i], DB_ANY);
            assert_int_equal(store_write(&s, b), ERR_CONSTRAINT);
            db_batch_free(b);
            assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), 2);
            assert_int_equal(
                store_integer(&s, "SELECT count(*) FROM chat_log WHERE text LIKE 'old%'"), 2);
        }
    }
}

TEST(batch, revisions_grow_with_each_committed_batch_and_survive_a_restart)
{
    struct store s;
    store_open(&s, STORE_FILE);
    store_make_log(&s);
    int64_t last = store_integer(&s, "SELECT mesh_rev()");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_exec(&s, "INSERT INTO chat_log(id) VALUES(mesh_rev())"), 0);
        int64_t rev = store_integer(&s, "SELECT mesh_rev()");
        assert_true(rev > last);
        assert_int_equal(store_integer(&s, "SELECT max(id) FROM chat_log"), rev);
        last = rev;
        assert_int_equal(store_reopen(&s, STORE_FILE), 0);
        assert_int_equal(store_integer(&s, "SELECT mesh_rev()"), rev);
    }
    store_close(&s);
}

TEST(batch, a_failed_batch_uses_up_no_revision)
{
    struct store s;
    store_open(&s, STORE_MEMORY);
    store_make_log(&s);
    int64_t before = store_integer(&s, "SELECT mesh_rev()");
    struct db_batch *b = store_batch(&s, "INSERT INTO chat_log(id) VALUES(mesh_rev())");
    store_add(b, "SELECT 1", DB_NONE);
    assert_int_equal(store_write(&s, b), ERR_GUARD);
    db_batch_free(b);
    assert_int_equal(store_integer(&s, "SELECT mesh_rev()"), before);
    store_close(&s);
}

TEST(batch, bad_sql_is_refused_with_words_and_place)
{
    static const struct {
        const char *sql;
        const char *words;
    } cases[] = {
        {"SELEKT 1", "is expected"},
        {"SELECT 1 FORM x", "syntax error, at byte 15"},
        {"", "is expected"},
        {"-- only a comment", "is expected"},
        {"SELECT 1; SELECT 2", "one statement at a time"},
        {"SELECT 1; DROP", "one statement at a time"},
        {"EXPLAIN SELECT 1", "is expected"},
        {"; SELECT 1", "is expected"},
        {"/* CREATE", "is expected"},
        {"SELECT ?1, ?2", "wants 2 values, 0 are given"},
        {"SELECT \"text\"", "no such column"},
        {"SELECT missing FROM chat_log", "no such column: missing"},
    };
    struct store s;
    store_open(&s, STORE_MEMORY);
    store_make_log(&s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct db_batch *b = store_batch(&s, cases[i].sql);
        assert_int_equal(store_write(&s, b), ERR_INVALID);
        if (strstr(db_batch_error(b), cases[i].words) == NULL) {
            print_error("%s: %s\n", cases[i].sql, db_batch_error(b));
            fail();
        }
        db_batch_free(b);
    }
    assert_int_equal(store_exec(&s, "SELECT 1; -- the end\n ; "), 0);
    store_close(&s);
}

TEST(batch, a_read_may_not_change_anything)
{
    struct store s;
    EACH_KIND(s)
    {
        struct db_batch *b = store_batch(&s, "INSERT INTO chat_log(text) VALUES('x')");
        assert_int_equal(store_read(&s, b), ERR_INVALID);
        db_batch_free(b);
        assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), 0);
    }
}

TEST(batch, an_endless_statement_runs_out_of_time_and_its_neighbours_do_not_notice)
{
    struct store s;
    store_open(&s, STORE_FILE);
    store_make_log(&s);
    struct db_batch *endless = store_batch(
        &s, "INSERT INTO chat_log(id) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
            "FROM n) SELECT max(i) FROM n");
    struct db_batch *before = store_batch(&s, "INSERT INTO chat_log(text) VALUES('before')");
    struct db_batch *after = store_batch(&s, "INSERT INTO chat_log(text) VALUES('after')");
    /* The first keeps the writer busy, so that the others share the next commit. */
    struct db_batch *busy = store_batch(&s, "INSERT INTO chat_log(text) VALUES('busy')");
    assert_int_equal(db_write(s.db, busy), 0);
    assert_int_equal(db_write(s.db, before), 0);
    assert_int_equal(db_write(s.db, endless), 0);
    assert_int_equal(store_write(&s, after), 0);
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), 3);
    assert_string_equal(db_batch_error(endless), "out of time");
    struct db_batch *all[] = {endless, before, busy};
    for (size_t i = 0; i < 3; i++) {
        free(db_batch_ctx(all[i]));
        db_batch_free(all[i]);
    }
    db_batch_free(after);
    store_close(&s);
}

TEST(batch, sizes_over_their_limits_are_refused)
{
    struct store s;
    store_open(&s, STORE_MEMORY);
    struct db_batch *b = store_batch(&s, "SELECT 1");
    char *long_sql = calloc(1, DB_SQL_BYTES_MAX + 2);
    memset(long_sql, ' ', DB_SQL_BYTES_MAX + 1);
    assert_int_equal(db_batch_add(b, bytes_of(long_sql), DB_ANY), ERR_TOO_LARGE);
    struct db_value v = {.type = DB_NULL};
    for (int i = 0; i < DB_VALUES_MAX; i++) {
        assert_int_equal(db_batch_bind(b, &v), 0);
    }
    assert_int_equal(db_batch_bind(b, &v), ERR_TOO_LARGE);
    for (int i = 1; i < DB_STATEMENTS_MAX; i++) {
        assert_int_equal(db_batch_add(b, BYTES("SELECT 1"), DB_ANY), 0);
    }
    assert_int_equal(db_batch_add(b, BYTES("SELECT 1"), DB_ANY), ERR_TOO_LARGE);
    free(long_sql);
    free(db_batch_ctx(b));
    db_batch_free(b);

    static const char *const many[] = {
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "SELECT zeroblob(9000000), zeroblob(9000000)",
        "SELECT length(zeroblob(20000000))",
    };
    for (size_t i = 0; i < 3; i++) {
        b = store_batch(&s, many[i]);
        assert_int_equal(store_read(&s, b), ERR_TOO_LARGE);
        db_batch_free(b);
    }
    store_close(&s);
}

TEST_MAIN
