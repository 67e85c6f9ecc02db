#include "storage/commit.h"

#include "host/base/clock.h"
#include "host/base/err.h"

/* Runs one more batch under the next revision. */
static bool run_next(struct conn *conn, struct db_batch *batch, int64_t *rev)
{
    conn->rev = *rev + 1;
    bool is_clean = run_batch(conn, batch);
    if (batch->err == 0) {
        *rev += 1;
    }
    return is_clean;
}

/*
 * A batch failed in a way that took or takes the others with it. The others
 * run again without it; what has failed before stays failed, for it left
 * nothing behind. Each round settles at least one batch, so this ends.
 */
static int run_again(struct conn *conn, struct db_batch **batches, size_t count, int64_t before,
                     int64_t *rev)
{
    bool is_clean = false;
    conn->careful = CONN_CAREFUL_BATCHES;
    while (!is_clean) {
        conn_rollback(conn);
        int err = conn_own(conn, OWN_BEGIN);
        if (err) {
            return err;
        }
        *rev = before;
        is_clean = true;
        for (size_t i = 0; i < count && is_clean; i++) {
            if (batches[i]->err != 0) {
                continue;
            }
            is_clean = run_next(conn, batches[i], rev);
            if (conn_err_is_worldly(batches[i]->err)) {
                return batches[i]->err;
            }
        }
    }
    return 0;
}

static void fail_all(struct db_batch **batches, size_t count, int err)
{
    for (size_t i = 0; i < count; i++) {
        batch_reset(batches[i]);
        batch_fail(batches[i], 0, err, NULL);
    }
}

static int run_all(struct conn *conn, struct db_batch **batches, size_t *count, int64_t *rev)
{
    uint64_t until_ns = clock_precise_ns() + COMMIT_MS_MAX * 1000000U;
    int64_t before = *rev;
    for (size_t i = 0; i < *count; i++) {
        bool is_clean = run_next(conn, batches[i], rev);
        if (conn_err_is_worldly(batches[i]->err)) {
            return batches[i]->err;
        }
        if (!is_clean || clock_precise_ns() > until_ns) {
            *count = i + 1;
        }
        if (!is_clean) {
            return run_again(conn, batches, *count, before, rev);
        }
    }
    return 0;
}

static int commit_now(struct conn *conn, bool has_changes, int64_t *rev, int64_t new_rev,
                      struct commit *commit)
{
    int err = has_changes ? conn_rev_set(conn, new_rev) : 0;
    if (err) {
        return err;
    }
    uint64_t from_ns = clock_precise_ns();
    err = conn_own(conn, OWN_COMMIT);
    commit->commit_ns = clock_precise_ns() - from_ns;
    commit->is_uncertain = err != 0;
    if (err == 0 && has_changes) {
        *rev = new_rev;
    }
    return err;
}

size_t commit_batches(struct conn *conn, struct db_batch **batches, size_t count, int64_t *rev,
                      struct commit *commit)
{
    *commit = (struct commit){0};
    int64_t before = sqlite3_total_changes64(conn->sqlite);
    int64_t new_rev = *rev;
    size_t finished = count;
    commit->err = conn_own(conn, OWN_BEGIN);
    if (commit->err == 0) {
        commit->err = run_all(conn, batches, &finished, &new_rev);
    }
    if (commit->err == 0) {
        commit->rows = sqlite3_total_changes64(conn->sqlite) - before;
        commit->err = commit_now(conn, commit->rows != 0, rev, new_rev, commit);
    }
    if (commit->err != 0) {
        conn_rollback(conn);
        fail_all(batches, count, commit->err);
        commit->is_uncertain |= commit->err != ERR_BUSY;
        return count;
    }
    return finished;
}
