/*
 * Batches on the caller's side. SQL and values are copied into one run of
 * bytes, which the connection later binds in place, without a further copy.
 */
#include "storage/batch.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "storage/owner.h"

#include <string.h>

struct db_batch *db_batch_new(struct db_owner *owner, struct loop *loop, db_done done, void *ctx)
{
    CHECK(owner != NULL && done != NULL);
    struct db_batch *batch = mem_alloc(sizeof(*batch));
    batch->owner = db_owner_share(owner);
    batch->loop = loop;
    batch->done = done;
    batch->ctx = ctx;
    batch->statements = batch->few;
    batch->capacity = BATCH_STATEMENTS_FEW;
    buf_open(&batch->input, DB_BATCH_BYTES_MAX);
    buf_open(&batch->output, DB_RESULT_BYTES_MAX);
    return batch;
}

void db_batch_free(struct db_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    if (batch->statements != batch->few) {
        mem_free(batch->statements);
    }
    buf_close(&batch->input);
    buf_close(&batch->output);
    mem_free(batch->error);
    db_owner_release(batch->owner);
    mem_free(batch);
}

void *db_batch_ctx(const struct db_batch *batch)
{
    return batch->ctx;
}

static int grow(struct db_batch *batch)
{
    if (batch->count == DB_STATEMENTS_MAX) {
        return ERR_TOO_LARGE;
    }
    uint32_t capacity = batch->capacity * 2;
    struct batch_statement *grown = mem_try_alloc(capacity * sizeof(*grown));
    if (grown == NULL) {
        return ERR_NOMEM;
    }
    memcpy(grown, batch->statements, batch->count * sizeof(*grown));
    if (batch->statements != batch->few) {
        mem_free(batch->statements);
    }
    batch->statements = grown;
    batch->capacity = capacity;
    return 0;
}

int db_batch_add(struct db_batch *batch, struct bytes sql, enum db_guard guard)
{
    if (sql.len > DB_SQL_BYTES_MAX || batch->count == DB_STATEMENTS_MAX) {
        return ERR_TOO_LARGE;
    }
    if (batch->count == batch->capacity) {
        int err = grow(batch);
        if (err) {
            return err;
        }
    }
    size_t at = batch->input.len;
    int err = buf_append(&batch->input, sql);
    if (err) {
        return err;
    }
    batch->statements[batch->count++] = (struct batch_statement){
        .sql_at = (uint32_t)at,
        .sql_bytes = (uint32_t)sql.len,
        .sql_hash = bytes_hash(sql, bytes_hash_seed()),
        .values_at = (uint32_t)batch->input.len,
        .guard = (uint8_t)guard,
    };
    return 0;
}

int db_batch_bind(struct db_batch *batch, const struct db_value *value)
{
    CHECK(batch->count > 0);
    struct batch_statement *statement = &batch->statements[batch->count - 1];
    if (statement->values == DB_VALUES_MAX) {
        return ERR_TOO_LARGE;
    }
    int err = value_append(&batch->input, value);
    if (err) {
        return err;
    }
    statement->values++;
    return 0;
}

struct bytes batch_sql(const struct db_batch *batch, const struct batch_statement *statement)
{
    if (statement->sql_bytes == 0) {
        return BYTES(""); /* the input may have no memory yet */
    }
    return (struct bytes){batch->input.data + statement->sql_at, statement->sql_bytes};
}

void batch_reset(struct db_batch *batch)
{
    buf_clear(&batch->output);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct batch_statement *s = &batch->statements[i];
        s->names_at = s->rows_at = s->rows_end = 0;
        s->columns = s->rows = 0;
        s->changes = 0;
    }
    batch->err = 0;
    batch->failed_at = 0;
    mem_free(batch->error);
    batch->error = NULL;
}

void batch_fail(struct db_batch *batch, uint32_t statement, int err, const char *words)
{
    batch->err = err;
    batch->failed_at = statement;
    mem_free(batch->error);
    batch->error = NULL;
    if (words != NULL && words[0] != '\0') {
        batch->error = mem_copy_text(words, strnlen(words, BATCH_ERROR_BYTES_MAX));
    }
}
