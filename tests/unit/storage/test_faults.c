/*
 * Each call to the disk fails once, the first, the second, and so on until
 * none is left. Whatever was acknowledged is there once, what was not is there
 * whole or not at all, and what the living server says is what a restart says.
 */
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "storage/writer.h"
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/store.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#define BATCHES 6
#define SWEEP_MAX 400

/* Two rows a batch, so that half a batch would show. */
static int write_pair(struct store *s, int id)
{
    struct db_batch *b = store_batch(s, "INSERT INTO chat_log(id) VALUES(?1)");
    store_bind(b, id);
    store_add(b, "INSERT INTO chat_log(id, text) VALUES(?1, hex(randomblob(3000)))", DB_ANY);
    store_bind(b, id + 1000);
    int err = store_write(s, b);
    db_batch_free(b);
    return err;
}

static int64_t rows_of(struct store *s, int id)
{
    char sql[96];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM chat_log WHERE id IN (%d, %d)", id, id + 1000);
    return store_integer(s, sql);
}

static int open_and_make(struct store *s)
{
    int err = s->db == NULL ? store_open_folder(s, STORE_FILE_THREADLESS) : 0;
    if (err == 0) {
        err = store_migrate(s, "0001_log",
                            "CREATE TABLE chat_log(id INTEGER PRIMARY KEY, text TEXT UNIQUE);");
    }
    return err;
}

static void copy_file(const char *from_folder, const char *to_folder, const char *name)
{
    char path[256];
    char block[65536];
    snprintf(path, sizeof(path), "%s/%s", from_folder, name);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", to_folder, name);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t len;
    while ((len = read(from, block, sizeof(block))) > 0) {
        assert_int_equal(write(to, block, (size_t)len), len);
    }
    close(from);
    close(to);
}

/* What a machine that lost power right now would find. */
static void check_after_power_loss(const struct store *s, const bool *acked)
{
    struct store lost;
    store_open(&lost, STORE_FILE_THREADLESS);
    db_owner_release(lost.chat);
    db_close(lost.db);
    lost.db = NULL;
    copy_file(s->folder, lost.folder, "chattermesh.db");
    copy_file(s->folder, lost.folder, "chattermesh.db-wal");
    copy_file(s->folder, lost.folder, "chattermesh.db-journal");
    assert_int_equal(open_and_make(&lost), 0);
    for (int i = 1; i <= BATCHES; i++) {
        int64_t rows = rows_of(&lost, i);
        assert_true(rows == 2 || (rows == 0 && !acked[i]));
    }
    store_close(&lost);
}

/* Returns false when the fault was beyond the last call. */
static bool sweep_one(unsigned nth, enum fault_kind kind, bool is_sticky)
{
    struct store s;
    bool acked[BATCHES + 1] = {false};
    store_open(&s, STORE_FILE_THREADLESS);
    db_owner_release(s.chat);
    db_close(s.db);
    s.db = NULL;
    char path[256];
    snprintf(path, sizeof(path), "%s/chattermesh.db", s.folder);
    unlink(path);
    fault_arm(nth, kind, is_sticky);
    if (open_and_make(&s) == 0) {
        for (int i = 1; i <= BATCHES; i++) {
            acked[i] = write_pair(&s, i) == 0;
        }
    }
    fault_clear();
    bool has_struck = fault_has_struck();
    if (s.db != NULL) {
        check_after_power_loss(&s, acked);
    }
    clock_test_advance(WRITER_PROBE_MS + 1);
    if (s.db != NULL) {
        /* The first try after the cause is gone brings the writer back. */
        assert_int_equal(store_exec(&s, "SELECT 1"), 0);
    }
    assert_int_equal(open_and_make(&s), 0);
    int64_t live[BATCHES + 1];
    for (int i = 1; i <= BATCHES; i++) {
        live[i] = rows_of(&s, i);
        assert_true(live[i] == 2 || (live[i] == 0 && !acked[i]));
        /* A retry sees the truth: it is refused if it was stored and taken if it was not. */
        assert_int_equal(write_pair(&s, i), live[i] == 2 ? ERR_CONSTRAINT : 0);
    }
    assert_int_equal(store_reopen(&s, STORE_FILE_THREADLESS), 0);
    for (int i = 1; i <= BATCHES; i++) {
        assert_int_equal(rows_of(&s, i), 2);
    }
    store_close(&s);
    return has_struck;
}

static void sweep(enum fault_kind kind, bool is_sticky)
{
    log_set_level(LOG_ERROR + 1);
    fault_install();
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1); /* thousands of fsyncs that prove nothing here */
    }
    clock_test_start(1700000000000);
    unsigned nth = 1;
    while (sweep_one(nth, kind, is_sticky)) {
        nth++;
        assert_true(nth < SWEEP_MAX);
    }
    assert_true(nth > 20); /* it did fail, many times */
    clock_test_stop();
}

TEST(faults, a_disk_that_is_full_once_loses_nothing)
{
    sweep(FAULT_FULL, false);
}

TEST(faults, a_disk_that_stays_full_loses_nothing)
{
    sweep(FAULT_FULL, true);
}

TEST(faults, a_disk_that_fails_once_loses_nothing)
{
    sweep(FAULT_IO, false);
}

TEST(faults, a_disk_that_goes_on_failing_loses_nothing)
{
    sweep(FAULT_IO, true);
}

TEST(faults, a_disk_that_turns_read_only_loses_nothing)
{
    sweep(FAULT_READ_ONLY, true);
}

TEST(faults, a_broken_writer_refuses_at_once_and_reads_go_on)
{
    struct store s;
    fault_install();
    clock_test_start(1700000000000);
    store_open(&s, STORE_FILE_THREADLESS);
    store_make_log(&s);
    assert_int_equal(write_pair(&s, 1), 0);
    fault_arm(1, FAULT_FULL, true);
    assert_int_equal(write_pair(&s, 2), ERR_DISK_FULL);
    struct db_stats stats;
    db_stats(s.db, &stats);
    assert_int_equal(stats.err, ERR_DISK_FULL);
    fault_clear();
    struct db_batch *b = store_batch(&s, "INSERT INTO chat_log(id) VALUES(3)");
    assert_int_equal(store_write(&s, b), ERR_DISK_FULL); /* its time to look again has not come */
    db_batch_free(b);
    clock_test_advance(WRITER_PROBE_MS + 1);
    assert_int_equal(write_pair(&s, 3), 0);
    db_stats(s.db, &stats);
    assert_int_equal(stats.err, 0);
    store_close(&s);
    clock_test_stop();
}

TEST_MAIN
