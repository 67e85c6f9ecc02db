/* The database as a whole: its folder, lock, file, threads, and who does what. */
#include "storage/db.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "storage/backup.h"
#include "storage/batch.h"
#include "storage/copier.h"
#include "storage/inspect.h"
#include "storage/lock.h"
#include "storage/migrate.h"
#include "storage/owner.h"
#include "storage/reader.h"
#include "storage/writer.h"

#include <stdio.h>
#include <string.h>

#define DB_NAME "chattermesh.db"

struct db {
    struct owners *owners;
    char *path; /* NULL: in memory */
    struct lock *lock;
    struct writer *writer;
    struct readers *readers; /* NULL: reads go to the writer's connection */
    struct copier *copier;
};

static int open_writer(struct db *db, const struct db_options *o, char *message, size_t size)
{
    char words[160] = "";
    int err =
        writer_new(&db->writer, db->path, o->batches_max, o->threadless, words, sizeof(words));
    if (err) {
        snprintf(message, size, "cannot open %s: %s%s", db->path != NULL ? db->path : "memory",
                 words, inspect_advice(err));
    }
    return err;
}

/* Reads go where no lock can stop them; in memory, and in tests, there is but one connection. */
static int open_threads(struct db *db, const struct db_options *o, char *message, size_t size)
{
    int err = 0;
    if (db->path != NULL && !o->threadless) {
        char words[160] = "";
        err = readers_new(&db->readers, db->path, o->readers, words, sizeof(words));
        if (err == 0) {
            err = copier_new(&db->copier, db->path);
        }
        writer_set_copier(db->writer, db->copier);
    }
    if (err == 0) {
        err = writer_start(db->writer);
    }
    if (err) {
        snprintf(message, size, "cannot start the threads of the database: %s", err_text(err));
    }
    return err;
}

static int open_file(struct db *db, const char *folder, char *message, size_t size)
{
    int err = lock_new(&db->lock, folder, message, size);
    if (err) {
        return err;
    }
    size_t len = strlen(folder) + sizeof("/" DB_NAME);
    db->path = mem_alloc(len);
    snprintf(db->path, len, "%s/%s", folder, DB_NAME);
    return inspect_file(db->path, message, size);
}

int db_open(struct db **out, const struct db_options *options, char *message, size_t message_size)
{
    struct db *db = mem_alloc(sizeof(*db));
    db->owners = owners_new();
    int err = 0;
    if (options->folder != NULL) {
        err = open_file(db, options->folder, message, message_size);
    }
    if (err == 0) {
        err = open_writer(db, options, message, message_size);
    }
    if (err == 0) {
        err = writer_call(db->writer, inspect_tables, NULL);
        if (err) {
            snprintf(message, message_size, "%s: %s%s", db->path != NULL ? db->path : "memory",
                     err_text(err), inspect_advice(err));
        }
    }
    if (err == 0) {
        err = open_threads(db, options, message, message_size);
    }
    if (err == 0 && options->folder != NULL) {
        err = lock_sync_folder(options->folder);
    }
    if (err) {
        db_close(db);
        return err;
    }
    *out = db;
    return 0;
}

/* The writer ends last: the last connection copies the log and removes it. */
void db_close(struct db *db)
{
    if (db == NULL) {
        return;
    }
    readers_free(db->readers);
    if (db->writer != NULL) {
        writer_stop(db->writer);
    }
    copier_free(db->copier);
    writer_free(db->writer);
    lock_free(db->lock);
    owners_free(db->owners);
    mem_free(db->path);
    mem_free(db);
}

int db_write(struct db *db, struct db_batch *batch)
{
    int err = db_write_later(db, batch);
    if (!err) {
        db_wake(db);
    }
    return err;
}

int db_write_later(struct db *db, struct db_batch *batch)
{
    batch->is_read = false;
    return writer_push(db->writer, batch);
}

void db_wake(struct db *db)
{
    writer_wake(db->writer);
}

int db_read(struct db *db, struct db_batch *batch)
{
    batch->is_read = true;
    if (db->readers != NULL) {
        return readers_push(db->readers, batch);
    }
    int err = writer_push(db->writer, batch);
    if (!err) {
        writer_wake(db->writer);
    }
    return err;
}

struct db_owner *db_owner_new(struct db *db, const char *name, const char *const *grants,
                              size_t grants_count)
{
    return owners_get(db->owners, name, grants, grants_count);
}

int db_migrate(struct db *db, struct db_owner *owner, const struct db_migration *migrations,
               size_t count, char *message, size_t message_size)
{
    struct migrate m = {owner, migrations, count, message, message_size};
    CHECK(message_size > 0);
    message[0] = '\0';
    int err = writer_call(db->writer, migrate_run, &m);
    if (err && message[0] == '\0') {
        snprintf(message, message_size, "the database cannot write now: %s", err_text(err));
    }
    return err;
}

void db_forget(struct db *db)
{
    writer_forget(db->writer);
}

void db_stats(const struct db *db, struct db_stats *stats)
{
    writer_stats(db->writer, stats);
}

int db_backup(struct db *db, const char *path, char *message, size_t message_size)
{
    struct backup backup = {path, message, message_size};
    CHECK(message_size > 0);
    message[0] = '\0';
    if (db->path != NULL) {
        return backup_file(db->path, &backup);
    }
    return writer_call(db->writer, backup_run, &backup);
}
