/* Several loops write and read at once: every answer reaches the loop that asked. */
#include "host/base/err.h"
#include "tests/unit/storage/store.h"
#include "tests/unit/unit.h"

#include <pthread.h>

#define WORKERS 3
#define EACH 400
#define IN_FLIGHT 20

struct worker {
    struct db *db;
    struct db_owner *owner;
    struct loop *loop;
    pthread_t thread;
    int number;
    int sent;
    int answered;
    int wrong;
};

static void send_next(struct worker *w);

static void answered(struct db_batch *batch, int err)
{
    struct worker *w = db_batch_ctx(batch);
    w->answered++;
    w->wrong += err != 0 || !loop_is_current(w->loop);
    db_batch_free(batch);
    if (w->answered == EACH) {
        loop_stop(w->loop);
    }
    send_next(w);
}

/* Every fourth is a read, every seventh fails after it has written and is expected to. */
static void expected_to_fail(struct db_batch *batch, int err)
{
    answered(batch, err == ERR_CONSTRAINT ? 0 : ERR_INVALID);
}

static void send_next(struct worker *w)
{
    if (w->sent == EACH) {
        return;
    }
    int64_t id = w->number * EACH + w->sent++;
    bool is_read = id % 4 == 0;
    bool fails = !is_read && id % 7 == 0;
    struct db_batch *b = db_batch_new(w->owner, w->loop, fails ? expected_to_fail : answered, w);
    if (is_read) {
        store_add(b, "SELECT count(*), mesh_rev() FROM chat_log", DB_ONE);
        store_add(b, "SELECT id, text FROM chat_log ORDER BY id DESC LIMIT 5", DB_ANY);
    } else {
        store_add(b, "INSERT INTO chat_log(id) VALUES(?1)", DB_ONE);
        store_bind(b, id);
        store_add(b, fails ? "INSERT INTO chat_log(id) VALUES(?1)" : "SELECT ?1", DB_ANY);
        store_bind(b, id);
    }
    int err = is_read ? db_read(w->db, b) : db_write(w->db, b);
    w->wrong += err != 0;
}

static void *work(void *ctx)
{
    struct worker *w = ctx;
    w->loop = loop_new();
    for (int i = 0; i < IN_FLIGHT; i++) {
        send_next(w);
    }
    loop_run(w->loop);
    loop_free(w->loop);
    return NULL;
}

TEST(threads, every_batch_of_every_worker_is_answered_on_its_loop)
{
    struct store s;
    struct worker workers[WORKERS] = {{0}};
    store_open(&s, STORE_FILE);
    store_make_log(&s);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].db = s.db;
        workers[i].number = i;
        workers[i].owner = db_owner_share(s.chat);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    char backup[256];
    snprintf(backup, sizeof(backup), "%s/backup", s.folder);
    assert_int_equal(db_backup(s.db, backup, s.message, sizeof(s.message)), 0);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        db_owner_release(workers[i].owner);
        assert_int_equal(workers[i].answered, EACH);
        assert_int_equal(workers[i].wrong, 0);
    }
    int64_t expected = 0;
    for (int64_t id = 0; id < WORKERS * EACH; id++) {
        expected += id % 4 != 0 && id % 7 != 0;
    }
    assert_int_equal(store_integer(&s, "SELECT count(*) FROM chat_log"), expected);
    store_close(&s);
}

TEST_MAIN
