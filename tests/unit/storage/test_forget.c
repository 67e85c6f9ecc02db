/* What was deleted is nowhere in the folder's files once the database was asked to forget. */
#include "host/base/mem.h"
#include "tests/unit/storage/store.h"
#include "tests/unit/unit.h"

#include <dirent.h>

#define MARK "marker-of-somebody"
#define ROWS 400

static bool holds(const char *path, const char *text)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    assert_true(len >= 0);
    rewind(file);
    char *data = mem_alloc((size_t)len + 1);
    assert_int_equal(fread(data, 1, (size_t)len, file), (size_t)len);
    fclose(file);
    bool found = len > 0 && memmem(data, (size_t)len, text, strlen(text)) != NULL;
    mem_free(data);
    return found;
}

static int files_that_hold(const char *folder, const char *text)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[1024];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_REG && holds(path, text)) {
            count++;
        }
    }
    closedir(dir);
    return count;
}

/* Rows that come in no order, so that pages of the index are split while the marked are there. */
static void fill(struct store *s)
{
    for (int i = 0; i < ROWS; i++) {
        struct db_batch *b = store_batch(s, "INSERT INTO chat_log(text) VALUES(?1)");
        char text[96];
        snprintf(text, sizeof(text), "%04d %s %d", i * 37 % ROWS, i % 5 == 0 ? MARK : "other", i);
        store_bind_text(b, text);
        assert_int_equal(store_write(s, b), 0);
        db_batch_free(b);
    }
}

static void erase(struct store *s)
{
    assert_int_equal(store_exec(s, "DELETE FROM chat_log WHERE text LIKE '%" MARK "%'"), 0);
    assert_int_equal(store_integer(s, "SELECT count(*) FROM chat_log"), ROWS - ROWS / 5);
}

TEST(forget, nothing_deleted_is_left_in_any_file)
{
    struct store s;
    store_open(&s, STORE_FILE_THREADLESS);
    store_make_log(&s);
    fill(&s);
    assert_true(files_that_hold(s.folder, MARK) > 0);
    erase(&s);
    db_forget(s.db);
    assert_int_equal(files_that_hold(s.folder, MARK), 0);
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), ROWS - ROWS / 5);
    store_close(&s);
}

TEST(forget, nothing_deleted_is_left_in_a_backup)
{
    struct store s;
    char path[256];
    store_open(&s, STORE_FILE_THREADLESS);
    store_make_log(&s);
    fill(&s);
    erase(&s);
    db_forget(s.db);
    snprintf(path, sizeof(path), "%s/copy.db", s.folder);
    assert_int_equal(db_backup(s.db, path, s.message, sizeof(s.message)), 0);
    assert_false(holds(path, MARK));
    remove(path);
    store_close(&s);
}

TEST(forget, serving_goes_on_while_the_writer_forgets)
{
    struct store s;
    store_open(&s, STORE_FILE);
    store_make_log(&s);
    fill(&s);
    erase(&s);
    db_forget(s.db);
    db_forget(s.db);
    assert_int_equal(store_exec(&s, "INSERT INTO chat_log(text) VALUES('later')"), 0);
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), ROWS - ROWS / 5 + 1);
    store_close(&s);
}

TEST_MAIN
