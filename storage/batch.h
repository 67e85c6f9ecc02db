/* What a batch is inside storage/: its statements, their values, and what they gave. */
#ifndef STORAGE_BATCH_H
#define STORAGE_BATCH_H

#include "host/base/buf.h"
#include "storage/db.h"

#define BATCH_STATEMENTS_FEW 6 /* that need no allocation of their own */
#define BATCH_ERROR_BYTES_MAX 512

/* Offsets are into the batch's input (SQL and values) and output (names and rows). */
struct batch_statement {
    uint32_t sql_at;
    uint32_t sql_bytes;
    uint64_t sql_hash;
    uint32_t values_at;
    uint16_t values;
    uint8_t guard;

    uint32_t names_at;
    uint32_t rows_at;
    uint32_t rows_end;
    uint32_t columns;
    uint32_t rows;
    int64_t changes;
};

struct db_batch {
    struct letter letter;  /* carries the answers of one loop, see answer.c */
    struct db_batch *next; /* in a queue, later in the chain behind a letter */
    struct db_owner *owner;
    struct loop *loop;
    db_done done;
    void *ctx;

    struct buf input;
    struct buf output;
    struct batch_statement *statements;
    uint32_t count;
    uint32_t capacity;
    struct batch_statement few[BATCH_STATEMENTS_FEW];

    bool is_read;
    int err;
    uint32_t failed_at;
    char *error; /* NULL: no words */
};

/* Forgets what a run left behind, so that the batch can be run (again). */
void batch_reset(struct db_batch *batch);
/* Notes why the batch failed; words may be NULL. */
void batch_fail(struct db_batch *batch, uint32_t statement, int err, const char *words);
/* Lends the SQL of a statement. */
struct bytes batch_sql(const struct db_batch *batch, const struct batch_statement *statement);

/* Values as they lie in input and output. 0, ERR_TOO_LARGE, ERR_NOMEM. */
int value_append(struct buf *out, const struct db_value *value);
/* Reads the value at *offset and moves behind it; bytes are lent from data. */
void value_read(const char *data, size_t *offset, struct db_value *value);
/* Column names lie in the output as values of type text. */

/* Batches that share a loop travel behind one letter. */
#define ANSWER_LOOPS_MAX 64
struct answers {
    struct loop *loops[ANSWER_LOOPS_MAX];
    struct db_batch *first[ANSWER_LOOPS_MAX];
    struct db_batch *last[ANSWER_LOOPS_MAX];
    size_t count;
};
/* Takes a batch that is finished; its err is what done will be told. */
void answers_add(struct answers *answers, struct db_batch *batch);
/* Posts one letter a loop; empty again afterwards. */
void answers_post(struct answers *answers);

#endif
