/* Real disks, files and processes: full, damaged, taken, killed. */
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "storage/writer.h"
#include "tests/unit/storage/store.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void path_in(char *path, size_t size, const struct store *s, const char *name)
{
    snprintf(path, size, "%s/%s", s->folder, name);
}

static void shut_db(struct store *s)
{
    db_owner_release(s->chat);
    db_close(s->db);
    s->db = NULL;
}

static int write_big(struct store *s, int64_t id)
{
    struct db_batch *b =
        store_batch(s, "INSERT INTO chat_log(id, text) VALUES(?1, hex(randomblob(20000)))");
    store_bind(b, id);
    int err = store_write(s, b);
    db_batch_free(b);
    return err;
}

/* Writes until the disk refuses; returns how many rows were acknowledged. */
static int64_t fill(struct store *s, int64_t from)
{
    for (int64_t id = from; id < from + 1000; id++) {
        int err = write_big(s, id);
        if (err != 0) {
            assert_int_equal(err, ERR_DISK_FULL);
            return id - from;
        }
    }
    fail();
    return 0;
}

static void check_full_and_back(struct store *s, void (*make_room)(struct store *))
{
    int64_t before = store_integer(s, "SELECT count(*) FROM chat_log");
    int64_t acked = before + fill(s, 1);
    assert_int_equal(store_integer(s, "SELECT count(*) FROM chat_log"), acked);
    make_room(s);
    clock_test_advance(WRITER_PROBE_MS + 1);
    assert_int_equal(write_big(s, 5000), 0);
    assert_int_equal(store_reopen(s, STORE_FILE_THREADLESS), 0);
    assert_int_equal(store_integer(s, "SELECT count(*) FROM chat_log"), acked + 1);
}

static void remove_ballast(struct store *s)
{
    char path[256];
    path_in(path, sizeof(path), s, "ballast");
    assert_int_equal(unlink(path), 0);
}

TEST(disk, a_full_disk_is_told_and_service_comes_back_with_the_room)
{
    struct store s;
    log_set_level(LOG_ERROR + 1);
    clock_test_start(1700000000000);
    store_open(&s, STORE_FILE_THREADLESS);
    shut_db(&s);
    if (mount("tmpfs", s.folder, "tmpfs", 0, "size=3m") != 0) {
        store_close(&s);
        clock_test_stop();
        skip(); /* not root, or no mounts here */
        return;
    }
    char path[256];
    path_in(path, sizeof(path), &s, "ballast");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 1 << 20), 0);
    close(fd);
    assert_int_equal(store_open_folder(&s, STORE_FILE_THREADLESS), 0);
    store_make_log(&s);
    int64_t first = fill(&s, 20000);
    clock_test_advance(WRITER_PROBE_MS + 1);
    fill(&s, 30000); /* it looks again; what it finds is at most what closing the log has freed */
    assert_true(first > 0);
    check_full_and_back(&s, remove_ballast);
    shut_db(&s);
    assert_int_equal(umount(s.folder), 0);
    store_close(&s);
    clock_test_stop();
}

static struct rlimit no_limit;

static void lift_limit(struct store *s)
{
    (void)s;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &no_limit), 0);
}

TEST(disk, a_limit_on_the_size_of_files_is_told_as_a_full_disk)
{
    struct store s;
    clock_test_start(1700000000000);
    signal(SIGXFSZ, SIG_IGN);
    store_open(&s, STORE_FILE_THREADLESS);
    store_make_log(&s);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &no_limit), 0);
    struct rlimit low = {2 << 20, no_limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    check_full_and_back(&s, lift_limit);
    store_close(&s);
    clock_test_stop();
}

TEST(disk, a_read_only_folder_is_refused_with_advice)
{
    struct store s;
    store_open(&s, STORE_FILE);
    shut_db(&s);
    if (mount("tmpfs", s.folder, "tmpfs", MS_RDONLY, "size=1m") != 0) {
        store_close(&s);
        skip();
        return;
    }
    assert_int_equal(store_open_folder(&s, STORE_FILE), ERR_READ_ONLY);
    assert_non_null(strstr(s.message, "read-only"));
    assert_int_equal(umount(s.folder), 0);
    store_close(&s);
}

TEST(disk, a_second_process_is_refused_and_told_the_first_ones_number)
{
    struct store s;
    store_open(&s, STORE_FILE_THREADLESS);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct db *db;
        char message[256];
        char pid[24];
        struct db_options o = {.folder = s.folder, .readers = 1};
        snprintf(pid, sizeof(pid), "pid %ld", (long)getppid());
        int err = db_open(&db, &o, message, sizeof(message));
        _exit(err == ERR_BUSY && strstr(message, pid) != NULL ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    store_close(&s);
}

static void damage(const struct store *s, off_t at, const char *with, size_t bytes, off_t cut_to)
{
    char path[256];
    path_in(path, sizeof(path), s, "chattermesh.db");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, with, bytes, at), (ssize_t)bytes);
    if (cut_to > 0) {
        assert_int_equal(ftruncate(fd, cut_to), 0);
    }
    close(fd);
}

TEST(disk, a_damaged_file_is_refused_with_advice)
{
    static const struct {
        off_t at;
        const char *with;
        size_t bytes;
        off_t cut_to;
    } cases[] = {
        {0, "not a database", 14, 0},
        {16, "\x12\x34", 2, 0},
        {0, "", 0, 50},
        {0, "", 0, 4096},
        {100, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store s;
        store_open(&s, STORE_FILE);
        store_make_log(&s);
        shut_db(&s);
        damage(&s, cases[i].at, cases[i].with, cases[i].bytes, cases[i].cut_to);
        assert_int_equal(store_open_folder(&s, STORE_FILE), ERR_CORRUPT);
        assert_non_null(strstr(s.message, "chattermesh.db"));
        assert_non_null(strstr(s.message, "chattermesh backup"));
        store_close(&s);
    }
}

TEST(disk, a_backup_is_a_whole_database_and_replaces_nothing)
{
    static const enum store_kind kinds[] = {STORE_FILE, STORE_MEMORY};
    for (size_t i = 0; i < 2; i++) {
        struct store s;
        struct store copy;
        store_open(&s, kinds[i]);
        store_make_log(&s);
        assert_int_equal(store_exec(&s, "INSERT INTO chat_log(text) VALUES('kept')"), 0);
        store_open(&copy, STORE_FILE);
        shut_db(&copy);
        char path[256];
        path_in(path, sizeof(path), &copy, "chattermesh.db");
        assert_int_equal(db_backup(s.db, path, s.message, sizeof(s.message)), ERR_EXISTS);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(db_backup(s.db, path, s.message, sizeof(s.message)), 0);
        assert_int_equal(store_open_folder(&copy, STORE_FILE), 0);
        assert_int_equal(store_integer(&copy, "SELECT count(*) FROM chat_log WHERE text = 'kept'"),
                         1);
        store_close(&copy);
        store_close(&s);
    }
}

/* ---- kill -9 ---- */

#define ROUNDS 6
#define IN_FLIGHT 64
#define ROUND_IDS 1000000

static struct store killed;
static int ack_fd;
static int64_t next_id;

static void send_next(void);

static void acked(struct db_batch *batch, int err)
{
    if (err == 0) {
        int64_t id;
        memcpy(&id, db_batch_ctx(batch), sizeof(id));
        if (write(ack_fd, &id, sizeof(id)) != sizeof(id)) {
            _exit(2);
        }
    }
    free(db_batch_ctx(batch));
    db_batch_free(batch);
    send_next();
}

static void send_next(void)
{
    int64_t *id = malloc(sizeof(*id));
    *id = next_id++;
    struct db_batch *b = db_batch_new(killed.chat, killed.loop, acked, id);
    db_batch_add(b, BYTES("INSERT INTO chat_log(id) VALUES(?1)"), DB_ANY);
    store_bind(b, 2 * *id);
    db_batch_add(b, BYTES("INSERT INTO chat_log(id, text) VALUES(?1, hex(randomblob(200)))"),
                 DB_ONE);
    store_bind(b, 2 * *id + 1);
    if (db_write(killed.db, b) != 0) {
        _exit(3);
    }
}

/* Never returns: it is killed. */
static _Noreturn void serve_until_killed(int round)
{
    next_id = (int64_t)round * ROUND_IDS;
    killed.loop = loop_new(); /* a loop does not outlive fork() */
    if (store_open_folder(&killed, STORE_FILE) != 0) {
        _exit(4);
    }
    for (int i = 0; i < IN_FLIGHT; i++) {
        send_next();
    }
    loop_run(killed.loop);
    _exit(5);
}

static int64_t run_and_kill(int round, int64_t kill_after, int64_t *ids)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        ack_fd = ends[1];
        serve_until_killed(round);
    }
    close(ends[1]);
    int64_t count = 0;
    int64_t id;
    while (read(ends[0], &id, sizeof(id)) == sizeof(id)) {
        ids[count++] = id;
        if (count == kill_after) {
            kill(child, SIGKILL);
        }
        assert_true(count < ROUND_IDS);
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return count;
}

TEST(disk, whatever_was_acknowledged_before_kill_9_is_there_whole_and_once)
{
    store_open(&killed, STORE_FILE);
    store_make_log(&killed);
    shut_db(&killed);
    int64_t *ids = calloc(ROUND_IDS, sizeof(*ids));
    for (int round = 0; round < ROUNDS; round++) {
        int64_t count = run_and_kill(round, 100 + 577 * round, ids);
        assert_true(count >= 100);
        assert_int_equal(store_open_folder(&killed, STORE_FILE_THREADLESS), 0);
        for (int64_t i = 0; i < count; i++) {
            struct db_batch *b =
                store_batch(&killed, "SELECT count(*) FROM chat_log WHERE id IN (?1, ?2)");
            store_bind(b, 2 * ids[i]);
            store_bind(b, 2 * ids[i] + 1);
            assert_int_equal(store_read(&killed, b), 0);
            struct db_cursor c = db_result_open(b, 0);
            struct db_value v;
            assert_true(db_result_next(&c, &v) && v.integer == 2);
            db_batch_free(b);
        }
        assert_int_equal(
            store_integer(&killed, "SELECT count(*) FROM (SELECT 1 FROM chat_log GROUP BY id / 2 "
                                   "HAVING count(*) <> 2)"),
            0);
        shut_db(&killed);
    }
    free(ids);
    store_close(&killed);
}

TEST_MAIN
