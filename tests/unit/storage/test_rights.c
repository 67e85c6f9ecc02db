/* A plugin reaches its own tables, what it was granted to read, and nothing else. */
#include "host/base/err.h"
#include "tests/unit/storage/store.h"
#include "tests/unit/unit.h"

static struct db_owner *users;

/* Two owners with equal tables; chat may read users_names and users_find. */
static void open_two(struct store *s, enum store_kind kind)
{
    store_open(s, kind);
    users = db_owner_new(s->db, "users", NULL, 0);
    struct db_migration m = {
        "0001", BYTES("CREATE TABLE users_names(id INTEGER PRIMARY KEY, text TEXT UNIQUE);"
                      "CREATE TABLE users_secrets(id INTEGER PRIMARY KEY, text TEXT UNIQUE);"
                      "CREATE VIRTUAL TABLE users_find USING fts5(text);"
                      "INSERT INTO users_names(text) VALUES('ann'), ('bob');"
                      "INSERT INTO users_secrets(text) VALUES('hunter2');"
                      "INSERT INTO users_find(text) VALUES('ann likes tea');")};
    assert_int_equal(db_migrate(s->db, users, &m, 1, s->message, sizeof(s->message)), 0);
    store_make_log(s);
    db_owner_release(s->chat);
    const char *const grants[] = {"users_names", "users_find"};
    s->chat = db_owner_new(s->db, "chat", grants, 2);
}

static void close_two(struct store *s)
{
    db_owner_release(users);
    store_close(s);
}

static void check_refused(const char *const *list, size_t count)
{
    struct store s;
    open_two(&s, STORE_MEMORY);
    for (size_t i = 0; i < count; i++) {
        struct db_batch *b = store_batch(&s, list[i]);
        int err = store_write(&s, b);
        if ((err != ERR_DENIED && err != ERR_INVALID) || db_batch_error(b)[0] == '\0') {
            print_error("%s: %s, %s\n", list[i], err_name(err), db_batch_error(b));
            fail();
        }
        db_batch_free(b);
    }
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM users_names"), 2);
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), 0);
    close_two(&s);
}

TEST(rights, every_table_that_is_not_its_own_is_refused)
{
    static const char *const refused[] = {
        "SELECT * FROM users_secrets",
        "SELECT count(*) FROM users_secrets",
        "SELECT 1 FROM USERS_SECRETS",
        "SELECT 1 FROM main.users_secrets",
        "SELECT (SELECT text FROM users_secrets)",
        "SELECT 1 FROM chat_log JOIN users_secrets",
        "WITH chat_x AS (SELECT text FROM users_secrets) SELECT * FROM chat_x",
        "INSERT INTO chat_log SELECT * FROM users_secrets",
        "INSERT INTO chat_log SELECT id, text FROM users_secrets",
        "INSERT INTO chat_log(text) VALUES((SELECT text FROM users_secrets)) RETURNING text",
        "UPDATE chat_log SET text = s.text FROM users_secrets AS s",
        "INSERT INTO users_names(text) VALUES('eve')",
        "UPDATE users_names SET text = 'eve'",
        "DELETE FROM users_names",
        "REPLACE INTO users_secrets(text) VALUES('x')",
        "INSERT INTO users_find(text) VALUES('x')",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM sqlite_schema",
        "SELECT * FROM mesh_meta",
        "UPDATE mesh_meta SET value = 0",
        "SELECT * FROM mesh_migrations",
        "SELECT * FROM pragma_table_info('users_secrets')",
        "SELECT count(*) FROM pragma_database_list",
        "SELECT * FROM dbstat",
        "SELECT * FROM sqlite_dbpage",
        "SELECT * FROM sqlite_stmt",
    };
    check_refused(refused, sizeof(refused) / sizeof(refused[0]));
}

TEST(rights, every_statement_that_changes_more_than_rows_is_refused)
{
    static const char *const refused[] = {
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = 1",
        "PRAGMA user_version",
        "PRAGMA data_version = 1",
        "ATTACH ':memory:' AS x",
        "DETACH main",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "END",
        "SAVEPOINT x",
        "RELEASE batch",
        "ROLLBACK TO batch",
        "VACUUM",
        "VACUUM INTO '/tmp/never'",
        "ANALYZE",
        "REINDEX",
        "CREATE TABLE chat_x(id)",
        "CREATE TABLE x(id)",
        "INSERT INTO sqlite_master VALUES('table', 'chat_z', 'chat_z', 0, '')",
        "CREATE TEMP TABLE chat_x(id)",
        "CREATE TEMP TRIGGER chat_t AFTER INSERT ON chat_log BEGIN SELECT 1; END",
        "CREATE VIEW chat_v AS SELECT 1",
        "CREATE INDEX chat_i ON chat_log(text)",
        "CREATE VIRTUAL TABLE chat_f USING fts5(text)",
        "DROP TABLE chat_log",
        "ALTER TABLE chat_log ADD COLUMN x",
        "SELECT load_extension('x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT sqlite_log(1, 'x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/never', 'x')",
        "SELECT edit('x')",
        "SELECT sqlite_version()",
        "SELECT total_changes()",
        "SELECT sqlite_rename_table('main', 'x', 'x', 'x', 'x', 'x', 0)",
    };
    check_refused(refused, sizeof(refused) / sizeof(refused[0]));
}

TEST(rights, what_a_plugin_needs_works)
{
    static const char *const allowed[] = {
        "SELECT count(*) FROM users_names",
        "SELECT n.text, l.text FROM users_names AS n LEFT JOIN chat_log AS l ON l.id = n.id",
        "SELECT text FROM users_find WHERE users_find MATCH 'tea'",
        "SELECT snippet(users_find, 0, '[', ']', '', 5), bm25(users_find) FROM users_find('tea')",
        "WITH chat_x(i) AS (VALUES(1), (2)) SELECT count(*) FROM chat_x",
        "WITH x(i) AS (VALUES(1), (2)) SELECT sum(i) FROM x",
        "SELECT count(*) FROM (SELECT 1 UNION ALL SELECT 2)",
        "SELECT value FROM json_each('[1,2]')",
        "SELECT json_extract('{\"a\":1}', '$.a'), '{\"a\":1}' ->> 'a'",
        "SELECT upper('x') || printf('%d', 1), mesh_now(), mesh_rev(), random()",
        "SELECT row_number() OVER (ORDER BY text), lag(text) OVER () FROM users_names",
        "INSERT INTO chat_log(text) SELECT text FROM users_names RETURNING id, text",
        "INSERT INTO chat_log(id) VALUES(1) ON CONFLICT(id) DO UPDATE SET text = 'y' RETURNING id",
        "UPDATE chat_log SET text = text || '!' WHERE id = 1 RETURNING text, mesh_rev()",
        "DELETE FROM chat_log RETURNING id",
    };
    struct store s;
    open_two(&s, STORE_FILE);
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        struct db_batch *b = store_batch(&s, allowed[i]);
        int err = store_write(&s, b);
        if (err != 0 || db_result_rows(b, 0) == 0) {
            print_error("%s: %s, %s\n", allowed[i], err_name(err), db_batch_error(b));
            fail();
        }
        db_batch_free(b);
    }
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM users_find('likes')"), 1);
    close_two(&s);
}

TEST(rights, a_full_text_table_of_another_can_be_the_first_thing_a_connection_reads)
{
    struct store s;
    open_two(&s, STORE_FILE);
    db_owner_release(users);
    const char *const grants[] = {"users_find"};
    assert_int_equal(store_reopen(&s, STORE_FILE), 0);
    db_owner_release(s.chat);
    s.chat = db_owner_new(s.db, "chat", grants, 1);
    assert_int_equal(store_integer(&s, "SELECT rowid FROM users_find('tea')"), 1);
    store_close(&s);
}

TEST(rights, a_statement_prepared_for_one_owner_is_not_used_for_another)
{
    struct store s;
    open_two(&s, STORE_MEMORY);
    struct db_owner *chat = s.chat;
    s.chat = users;
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM users_secrets"), 1);
    s.chat = chat;
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM users_secrets"), -1);
    close_two(&s);
}

TEST(rights, statements_prepared_before_a_migration_still_work_after_it)
{
    struct store s;
    store_open(&s, STORE_FILE);
    store_make_log(&s);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_exec(&s, "INSERT INTO chat_log(text) VALUES(random())"), 0);
        struct db_migration both[] = {
            {"0001_log", BYTES("CREATE TABLE chat_log(id INTEGER PRIMARY KEY, text TEXT UNIQUE);")},
            {"0002_more", BYTES("ALTER TABLE chat_log ADD COLUMN more;")},
        };
        assert_int_equal(db_migrate(s.db, s.chat, both, 2, s.message, sizeof(s.message)), 0);
    }
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), 2);
    store_close(&s);
}

TEST(rights, an_owner_is_one_per_name_and_grants)
{
    struct store s;
    store_open(&s, STORE_MEMORY);
    const char *const grants[] = {"users_names"};
    struct db_owner *same = db_owner_new(s.db, "chat", NULL, 0);
    struct db_owner *other = db_owner_new(s.db, "chat", grants, 1);
    assert_ptr_equal(same, s.chat);
    assert_ptr_not_equal(other, s.chat);
    db_owner_release(same);
    db_owner_release(other);
    store_close(&s);
}

TEST(rights, a_name_that_could_reach_into_others_is_no_owner)
{
    static const char *const bad[] = {"",       "Chat",   "chat_extra", "1chat", "mesh",
                                      "sqlite", "pragma", "json",       "a b",   "a\"b"};
    struct store s;
    store_open(&s, STORE_MEMORY);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(db_owner_new(s.db, bad[i], NULL, 0));
    }
    store_close(&s);
}

TEST(rights, many_different_statements_do_not_pile_up)
{
    struct store s;
    store_open(&s, STORE_MEMORY);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 600; i++) {
            char sql[32];
            snprintf(sql, sizeof(sql), "SELECT %d", i);
            assert_int_equal(store_integer(&s, sql), i);
        }
    }
    store_close(&s);
}

TEST_MAIN
