/*
 * The one thread that writes. Batches queue up while a commit waits for the
 * disk and go together into the next one, so the group grows with the load
 * and an idle server answers after one fsync.
 *
 *     serving -> broken   the disk is full, read-only or failing
 *     broken -> serving   a small write of our own came through, tried every second
 */
#ifndef STORAGE_WRITER_H
#define STORAGE_WRITER_H

#include "storage/db.h"

#define WRITER_PROBE_MS 1000
#define WRITER_PROBE_BYTES 65536 /* more room than this must be there again */

struct conn;
struct writer;

/* path NULL: in memory. Takes the copier's word on the log; copier may be NULL. */
int writer_new(struct writer **out, const char *path, unsigned batches_max, bool threadless,
               char *words, size_t words_size);
/* The copier is told of each commit, from now on; NULL ends it. */
struct copier;
void writer_set_copier(struct writer *writer, struct copier *copier);
/* Starts the thread, unless threadless. */
int writer_start(struct writer *writer);
/* Finishes what is queued and ends the thread. */
void writer_stop(struct writer *writer);
void writer_free(struct writer *writer);

/* As db_write_later; batch->is_read may be set. */
int writer_push(struct writer *writer, struct db_batch *batch);
void writer_wake(struct writer *writer);
/* Runs something of the house's on the writer's connection, between two commits, and waits;
 * on the caller's thread while the writer has none. */
int writer_call(struct writer *writer, int (*run)(void *ctx, struct conn *conn), void *ctx);
/* Soon makes what was deleted unreadable, trying until it works; asked by any thread. */
void writer_forget(struct writer *writer);
void writer_stats(const struct writer *writer, struct db_stats *stats);

#endif
