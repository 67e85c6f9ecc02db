#include "tests/unit/storage/store.h"

#include "host/base/check.h"
#include "host/base/mem.h"
#include "host/loop/loop.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_open_folder(struct store *store, enum store_kind kind)
{
    struct db_options options = {
        .folder = kind == STORE_MEMORY ? NULL : store->folder,
        .readers = 2,
        .threadless = kind == STORE_FILE_THREADLESS,
    };
    store->message[0] = '\0';
    int err = db_open(&store->db, &options, store->message, sizeof(store->message));
    if (err) {
        store->db = NULL;
        return err;
    }
    store->chat = db_owner_new(store->db, "chat", NULL, 0);
    CHECK(store->chat != NULL);
    return 0;
}

void store_open(struct store *store, enum store_kind kind)
{
    memset(store, 0, sizeof(*store));
    store->loop = loop_new();
    if (kind != STORE_MEMORY) {
        snprintf(store->folder, sizeof(store->folder), "%s/store-XXXXXX",
                 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
        CHECK(mkdtemp(store->folder) != NULL);
    }
    CHECK(store_open_folder(store, kind) == 0);
}

int store_reopen(struct store *store, enum store_kind kind)
{
    db_owner_release(store->chat);
    db_close(store->db);
    store->chat = NULL;
    store->db = NULL;
    return store_open_folder(store, kind);
}

void store_shut(struct store *store)
{
    if (store->db != NULL) {
        db_owner_release(store->chat);
        db_close(store->db);
        store->db = NULL;
    }
    loop_free(store->loop);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void store_close(struct store *store)
{
    store_shut(store);
    if (store->folder[0] != '\0') {
        nftw(store->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
}

struct answer {
    bool is_there;
    int err;
};

static void answered(struct db_batch *batch, int err)
{
    struct answer *answer = db_batch_ctx(batch);
    answer->is_there = true;
    answer->err = err;
}

struct db_batch *store_batch(struct store *store, const char *sql)
{
    struct answer *answer = mem_alloc(sizeof(*answer));
    struct db_batch *batch = db_batch_new(store->chat, store->loop, answered, answer);
    CHECK(db_batch_add(batch, bytes_of(sql), DB_ANY) == 0);
    return batch;
}

void store_add(struct db_batch *batch, const char *sql, enum db_guard guard)
{
    CHECK(db_batch_add(batch, bytes_of(sql), guard) == 0);
}

void store_bind(struct db_batch *batch, int64_t value)
{
    struct db_value v = {.type = DB_INTEGER, .integer = value};
    CHECK(db_batch_bind(batch, &v) == 0);
}

void store_bind_text(struct db_batch *batch, const char *text)
{
    struct db_value v = {.type = DB_TEXT, .bytes = bytes_of(text)};
    CHECK(db_batch_bind(batch, &v) == 0);
}

/* The answer's memory goes with this call, so a batch is started once. */
static int finish(struct store *store, struct db_batch *batch, int err)
{
    struct answer *answer = db_batch_ctx(batch);
    CHECK(err != 0 || !answer->is_there); /* never before the start has returned */
    while (err == 0 && !answer->is_there) {
        loop_turn(store->loop, -1);
    }
    err = err != 0 ? err : answer->err;
    mem_free(answer);
    return err;
}

int store_write(struct store *store, struct db_batch *batch)
{
    return finish(store, batch, db_write(store->db, batch));
}

int store_read(struct store *store, struct db_batch *batch)
{
    return finish(store, batch, db_read(store->db, batch));
}

int store_exec(struct store *store, const char *sql)
{
    struct db_batch *batch = store_batch(store, sql);
    int err = store_write(store, batch);
    db_batch_free(batch);
    return err;
}

int64_t store_integer(struct store *store, const char *sql)
{
    struct db_batch *batch = store_batch(store, sql);
    int64_t integer = -1;
    if (store_read(store, batch) == 0) {
        struct db_cursor cursor = db_result_open(batch, 0);
        struct db_value v;
        if (db_result_next(&cursor, &v)) {
            integer = v.integer;
        }
    }
    db_batch_free(batch);
    return integer;
}

int store_migrate(struct store *store, const char *name, const char *sql)
{
    struct db_migration migration = {name, bytes_of(sql)};
    return db_migrate(store->db, store->chat, &migration, 1, store->message,
                      sizeof(store->message));
}

void store_make_log(struct store *store)
{
    CHECK(store_migrate(store, "0001_log",
                        "CREATE TABLE chat_log(id INTEGER PRIMARY KEY, text TEXT UNIQUE);") == 0);
}
