/* The statements of each kind of job. */
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tests/load/meshbare/store_private.h"

#include <stdio.h>

#define PRINT_BYTES 16

struct job *job_new(enum job_kind kind)
{
    struct job *job = mem_alloc(sizeof(*job));
    job->kind = kind;
    return job;
}

void job_free(struct job *job)
{
    mem_free(job->members);
    mem_free(job->content);
    mem_free(job);
}

/* ---- statements ---- */

static sqlite3_stmt *begin_statement(struct store *s, enum statement which)
{
    sqlite3_stmt *statement = s->prepared[which];
    sqlite3_reset(statement);
    return statement;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* 0 when it ended as it should, with a row or without. */
static int run(struct store *s, enum statement which, int expected)
{
    int code = sqlite3_step(s->prepared[which]);
    if (code != expected) {
        fprintf(stderr, "meshbare: statement %d: %s\n", (int)which, sqlite3_errmsg(s->sqlite));
        return -1;
    }
    if (code == SQLITE_DONE) {
        sqlite3_reset(s->prepared[which]);
    }
    return 0;
}

static int run_plain(struct store *s, enum statement which)
{
    begin_statement(s, which);
    return run(s, which, SQLITE_DONE);
}

/* Stands for the keyed fingerprint: as many bytes, and as different. */
static void fingerprint(const struct job *job, uint64_t out[2])
{
    struct bytes content = bytes_of(job->content);
    out[0] = bytes_hash(content, 1);
    out[1] = bytes_hash(content, 2);
}

static int alloc_seq(struct store *s, struct job *job)
{
    sqlite3_stmt *alloc = begin_statement(s, SQL_ALLOC);
    bind_text(alloc, 1, job->chat);
    bind_text(alloc, 2, job->user);
    sqlite3_bind_int64(alloc, 3, s->now_ms);
    sqlite3_bind_int64(alloc, 4, ++s->rev);
    if (run(s, SQL_ALLOC, SQLITE_ROW) != 0) {
        return -1;
    }
    job->seq = sqlite3_column_int64(alloc, 0);
    job->sent_at = sqlite3_column_int64(alloc, 1);
    return run(s, SQL_ALLOC, SQLITE_DONE);
}

static int write_message(struct store *s, struct job *job)
{
    uint64_t print[2];
    fingerprint(job, print);
    sqlite3_stmt *identity = begin_statement(s, SQL_IDENTITY);
    bind_text(identity, 1, job->user);
    bind_text(identity, 2, job->user);
    bind_text(identity, 3, job->client);
    if (run(s, SQL_IDENTITY, SQLITE_DONE) != 0 || alloc_seq(s, job) != 0) {
        return -1;
    }
    sqlite3_stmt *insert = begin_statement(s, SQL_INSERT);
    bind_text(insert, 1, job->chat);
    bind_text(insert, 2, job->message);
    bind_text(insert, 3, job->user);
    bind_text(insert, 4, job->user);
    bind_text(insert, 5, job->client);
    sqlite3_bind_blob(insert, 6, print, PRINT_BYTES, SQLITE_STATIC);
    bind_text(insert, 7, "text");
    bind_text(insert, 8, job->content);
    return run(s, SQL_INSERT, SQLITE_DONE);
}

static int add_member(struct store *s, const struct job *job, size_t i)
{
    sqlite3_stmt *member = begin_statement(s, SQL_MEMBER);
    bind_text(member, 1, job->chat);
    bind_text(member, 2, job->members[i]);
    if (job->is_direct) {
        bind_text(member, 3, job->members[1 - i]);
    } else {
        sqlite3_bind_null(member, 3);
    }
    sqlite3_bind_int64(member, 4, s->now_ms);
    sqlite3_bind_int64(member, 5, s->rev);
    return run(s, SQL_MEMBER, SQLITE_DONE);
}

static int make_chat(struct store *s, struct job *job)
{
    s->rev++;
    if (job->kind == JOB_CHAT) {
        sqlite3_stmt *chat = begin_statement(s, SQL_CHAT);
        bind_text(chat, 1, job->chat);
        bind_text(chat, 2, job->is_direct ? "direct" : "group");
        sqlite3_bind_int64(chat, 3, (int64_t)job->members_count);
        sqlite3_bind_int64(chat, 4, s->now_ms);
        sqlite3_bind_int64(chat, 5, s->rev);
        if (run(s, SQL_CHAT, SQLITE_DONE) != 0) {
            return -1;
        }
    }
    int err = 0;
    for (size_t i = 0; i < job->members_count && err == 0; i++) {
        err = add_member(s, job, i);
    }
    return err;
}

int jobs_run(struct store *s, struct job *job)
{
    return job->kind == JOB_SEND ? write_message(s, job) : make_chat(s, job);
}

int jobs_begin(struct store *s)
{
    s->now_ms = clock_wall_ms();
    return run_plain(s, SQL_BEGIN);
}

int jobs_commit(struct store *s)
{
    sqlite3_bind_int64(begin_statement(s, SQL_REV), 1, s->rev);
    return run(s, SQL_REV, SQLITE_DONE) != 0 ? -1 : run_plain(s, SQL_COMMIT);
}

/* A job that fails is a mistake in the bench, so the whole group may fail with it. */
void jobs_run_group(struct store *s, struct job *group)
{
    int err = jobs_begin(s);
    for (struct job *job = group; job != NULL && err == 0; job = job->next) {
        err = jobs_run(s, job);
    }
    err = err ? err : jobs_commit(s);
    if (err != 0) {
        sqlite3_exec(s->sqlite, "ROLLBACK", NULL, NULL, NULL);
    }
    for (struct job *job = group; job != NULL; job = job->next) {
        job->err = err;
    }
}
