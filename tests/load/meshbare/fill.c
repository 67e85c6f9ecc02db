/* Many messages at once, so that a start can be measured on a large file. */
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tests/load/meshbare/store_private.h"

#include <stdio.h>

#define GROUP 5000
#define CHAT "dfilledbythebench"

static void make_message(struct job *job, int64_t number, size_t text_bytes)
{
    size_t size = text_bytes + sizeof("{'text':''}");
    snprintf(job->client, sizeof(job->client), "fill%llx-%lld", (unsigned long long)job->sent_at,
             (long long)number);
    snprintf(job->message, sizeof(job->message), "m%026lld", (long long)number);
    if (job->content == NULL) {
        job->content = mem_alloc(size);
        snprintf(job->content, size, "{\"text\":\"%*s\"}", (int)text_bytes, "filled");
    }
}

static struct job *new_chat(void)
{
    struct job *job = job_new(JOB_CHAT);
    job->is_direct = true;
    job->sent_at = clock_wall_ms(); /* part of the names: a folder may be filled again */
    job->members_count = 2;
    job->members = mem_alloc_array(2, STORE_ID_MAX);
    snprintf(job->members[0], STORE_ID_MAX, "u_filler");
    snprintf(job->members[1], STORE_ID_MAX, "u_filled");
    snprintf(job->chat, sizeof(job->chat), CHAT);
    snprintf(job->user, sizeof(job->user), "u_filler");
    return job;
}

static int fill(struct store *s, struct job *job, int64_t messages, size_t text_bytes)
{
    int err = jobs_begin(s);
    err = err ? err : jobs_run(s, job);
    job->kind = JOB_SEND;
    for (int64_t i = 0; i < messages && err == 0; i++) {
        make_message(job, i, text_bytes);
        err = jobs_run(s, job);
        if (err == 0 && i % GROUP == GROUP - 1) {
            err = jobs_commit(s);
            sqlite3_wal_checkpoint_v2(s->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
            err = err ? err : jobs_begin(s);
        }
    }
    return err ? err : jobs_commit(s);
}

int store_fill(const char *folder, const char *schema_file, int64_t messages, size_t text_bytes)
{
    struct store *s = store_open(folder, schema_file);
    if (s == NULL) {
        return -1;
    }
    struct job *job = new_chat();
    sqlite3_exec(s->sqlite, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    int err = fill(s, job, messages, text_bytes);
    job_free(job);
    store_close(s);
    return err;
}
