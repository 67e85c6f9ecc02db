/*
 * The durable side of the bare limit: one thread, one SQLite file with the
 * chat plugin's own tables and statements, many jobs in one transaction, the
 * answer after the fsync. What storage/ does, without its rights, its budgets
 * and its guards' error paths.
 */
#ifndef TESTS_LOAD_MESHBARE_STORE_H
#define TESTS_LOAD_MESHBARE_STORE_H

#include "host/base/bytes.h"

#define STORE_ID_MAX 64

enum job_kind { JOB_SEND, JOB_CHAT, JOB_MEMBERS };

struct job {
    struct job *next;
    enum job_kind kind;
    uint32_t conn; /* who asked; a newer connection in the same place has another birth */
    uint32_t birth;
    int64_t call;
    char chat[STORE_ID_MAX];
    char user[STORE_ID_MAX];
    /* a send */
    char client[STORE_ID_MAX];
    char message[STORE_ID_MAX];
    char *content; /* JSON; the job's own */
    /* a new chat, or more members of one; the job's own */
    char (*members)[STORE_ID_MAX];
    size_t members_count;
    bool is_direct;
    /* the result */
    int err;
    int64_t seq;
    int64_t sent_at;
};

struct store;

/* Opens or makes chattermesh.db in the folder from the SQL file; NULL after saying why not.
 * done_fd is an eventfd, written whenever jobs are finished. */
struct store *store_new(const char *folder, const char *schema_file, int done_fd);
/* Finishes what is queued. */
void store_free(struct store *store);

/* Returns an empty job; members and content set later go with it. */
struct job *job_new(enum job_kind kind);
void job_free(struct job *job);
/* Takes a chain of jobs; they come back from store_finished. */
void store_push(struct store *store, struct job *jobs);
/* Returns the finished jobs, in order, to free one by one. */
struct job *store_finished(struct store *store);

/* Adds so many messages of text_bytes to one chat, for the bench of starting. 0 or -1. */
int store_fill(const char *folder, const char *schema_file, int64_t messages, size_t text_bytes);

#endif
