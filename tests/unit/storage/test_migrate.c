/* Migrations are applied once, in order, together; history is not rewritten. */
#include "host/base/err.h"
#include "tests/unit/storage/store.h"
#include "tests/unit/unit.h"

static int migrate(struct store *s, const struct db_migration *m, size_t count)
{
    return db_migrate(s->db, s->chat, m, count, s->message, sizeof(s->message));
}

#define SAYS(store, words) assert_non_null(strstr((store).message, (words)))

TEST(migrate, each_is_applied_once_in_order_of_name_also_after_a_restart)
{
    struct db_migration m[] = {
        {"0002_fill", BYTES("INSERT INTO chat_a VALUES(1);")},
        {"0001_make", BYTES("CREATE TABLE chat_a(id);\n-- the end")},
    };
    struct store s;
    store_open(&s, STORE_FILE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(migrate(&s, m, 2), 0);
        assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_a"), 1);
        assert_int_equal(store_reopen(&s, STORE_FILE), 0);
    }
    store_close(&s);
}

TEST(migrate, a_failing_one_takes_all_of_the_call_back_and_names_file_and_line)
{
    struct db_migration m[] = {
        {"0001_make", BYTES("CREATE TABLE chat_a(id);")},
        {"0002_wrong", BYTES("INSERT INTO chat_a VALUES(1);\n\nINSERT INTO chat_b VALUES(1);")},
    };
    struct store s;
    store_open(&s, STORE_FILE);
    assert_int_equal(migrate(&s, m, 2), ERR_INVALID);
    SAYS(s, "0002_wrong, line 3");
    SAYS(s, "no such table: chat_b");
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_a"), -1);
    assert_int_equal(migrate(&s, m, 1), 0);
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_a"), 0);
    store_close(&s);
}

TEST(migrate, an_applied_one_that_changed_or_is_missing_is_refused)
{
    struct db_migration m[] = {
        {"0001_a", BYTES("CREATE TABLE chat_a(id);")},
        {"0003_b", BYTES("CREATE TABLE chat_b(id);")},
        {"0002_late", BYTES("CREATE TABLE chat_c(id);")},
    };
    struct store s;
    store_open(&s, STORE_MEMORY);
    assert_int_equal(migrate(&s, m, 2), 0);
    assert_int_equal(migrate(&s, m, 1), ERR_CONSTRAINT);
    SAYS(s, "0003_b was applied to this database but is missing");
    assert_int_equal(migrate(&s, m, 3), ERR_CONSTRAINT);
    SAYS(s, "0002_late is new but comes before 0003_b");
    m[0].sql = BYTES("CREATE TABLE chat_a(id, more);");
    assert_int_equal(migrate(&s, m, 2), ERR_CONSTRAINT);
    SAYS(s, "0001_a has changed since it was applied");
    store_close(&s);
}

TEST(migrate, nothing_outside_the_owners_names_can_be_made_or_changed)
{
    static const char *const refused[] = {
        "CREATE TABLE users_a(id)",
        "CREATE TABLE a(id)",
        "CREATE TABLE x(id)",
        "CREATE TABLE chat(id)",
        "CREATE TEMP TABLE chat_a(id)",
        "CREATE VIEW chat_v AS SELECT 1",
        "CREATE INDEX users_i ON chat_log(text)",
        "CREATE INDEX chat_i ON users_t(id)",
        "CREATE TRIGGER chat_t AFTER INSERT ON users_t BEGIN SELECT 1; END",
        "CREATE TRIGGER users_t AFTER INSERT ON chat_log BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE users_f USING fts5(text)",
        "CREATE VIRTUAL TABLE chat_f USING fts4(text)",
        "CREATE VIRTUAL TABLE chat_f USING rtree(id, a, b)",
        "CREATE VIRTUAL TABLE chat_f USING dbstat",
        "ALTER TABLE users_t RENAME TO chat_t",
        "ALTER TABLE chat_log RENAME TO users_log",
        "ALTER TABLE users_t ADD COLUMN x",
        "DROP TABLE users_t",
        "DROP TABLE mesh_meta",
        "DELETE FROM sqlite_master",
        "UPDATE sqlite_master SET sql = 'x'",
        "INSERT INTO users_t VALUES(1)",
        "INSERT INTO mesh_migrations VALUES('users', 'x', 'y', 1)",
        "COMMIT",
        "ATTACH 'x' AS y",
        "PRAGMA journal_mode = DELETE",
        "VACUUM",
        "CREATE TABLE chat_copy AS SELECT * FROM users_t",
    };
    struct store s;
    store_open(&s, STORE_MEMORY);
    store_make_log(&s);
    struct db_owner *users = db_owner_new(s.db, "users", NULL, 0);
    struct db_migration theirs = {"0001", BYTES("CREATE TABLE users_t(id)")};
    assert_int_equal(db_migrate(s.db, users, &theirs, 1, s.message, sizeof(s.message)), 0);
    db_owner_release(users);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct db_migration m[] = {
            {"0001_log", BYTES("CREATE TABLE chat_log(id INTEGER PRIMARY KEY, text TEXT UNIQUE);")},
            {"0002", bytes_of(refused[i])},
        };
        int err = migrate(&s, m, 2);
        if (err != ERR_INVALID || s.message[0] == '\0') {
            print_error("%s: %s %s\n", refused[i], err_name(err), s.message);
            fail();
        }
    }
    store_close(&s);
}

TEST(migrate, tables_indexes_triggers_and_full_text_of_ones_own_work)
{
    struct store s;
    store_open(&s, STORE_FILE);
    static const char sql[] =
        "CREATE TABLE chat_m(id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, rev INTEGER "
        "DEFAULT (mesh_rev()));\n"
        "CREATE INDEX chat_m_body ON chat_m(body) WHERE body IS NOT NULL;\n"
        "CREATE VIRTUAL TABLE chat_f USING fts5(body, content='chat_m', content_rowid='id');\n"
        "CREATE TRIGGER chat_m_in AFTER INSERT ON chat_m BEGIN\n"
        "  INSERT INTO chat_f(rowid, body) VALUES(new.id, new.body);\nEND;\n"
        "ALTER TABLE chat_m ADD COLUMN x;\nALTER TABLE chat_m RENAME COLUMN x TO y;\n"
        "ALTER TABLE chat_m DROP COLUMN y;\n"
        "CREATE TABLE chat_old(id);\nALTER TABLE chat_old RENAME TO chat_new;\nDROP TABLE "
        "chat_new;\n";
    int err = store_migrate(&s, "0001", sql);
    if (err) {
        print_error("%s\n", s.message);
    }
    assert_int_equal(err, 0);
    assert_int_equal(store_exec(&s, "INSERT INTO chat_m(body) VALUES('red lorry')"), 0);
    assert_int_equal(store_integer(&s, "SELECT rowid FROM chat_f WHERE chat_f MATCH 'lorry'"), 1);
    assert_true(store_integer(&s, "SELECT rev FROM chat_m") > 0);
    assert_int_equal(store_exec(&s, "INSERT INTO chat_f(chat_f) VALUES('rebuild')"), 0);
    assert_int_not_equal(store_exec(&s, "DELETE FROM chat_f_data"), 0);
    store_close(&s);
}

TEST_MAIN
