/* Group commit: many batches, one transaction, one wait for the disk. */
#ifndef STORAGE_COMMIT_H
#define STORAGE_COMMIT_H

#include "storage/sqlite_conn.h"

#define COMMIT_BATCHES 512 /* in one commit, unless the options say otherwise */
#define COMMIT_MS_MAX 20   /* a commit stops taking batches after this */

struct commit {
    int err;            /* 0: what is finished is on the disk */
    bool is_uncertain;  /* the disk may hold what was not acknowledged: open it anew */
    uint64_t commit_ns; /* the COMMIT alone, with its fsync */
    int64_t rows;
};

/*
 * Runs batches until all are done or the time is up, and commits. Returns how
 * many of them, from the first, are finished; their err says how. When the
 * commit fails they all have its error. *rev moves on with the commit.
 */
size_t commit_batches(struct conn *conn, struct db_batch **batches, size_t count, int64_t *rev,
                      struct commit *commit);

#endif
