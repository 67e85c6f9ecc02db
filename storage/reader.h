/* Threads that read, each on a connection of its own, from one bounded queue. */
#ifndef STORAGE_READER_H
#define STORAGE_READER_H

#include "storage/db.h"

#define READERS_MAX 16

struct readers;

/* 0, or the world's errors with words. */
int readers_new(struct readers **out, const char *path, unsigned count, char *words,
                size_t words_size);
/* Finishes what is queued. */
void readers_free(struct readers *readers);
/* As db_read. */
int readers_push(struct readers *readers, struct db_batch *batch);

#endif
