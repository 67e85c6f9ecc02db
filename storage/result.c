/*
 * Values in a row: a byte that tells the type, then eight bytes of a number,
 * or four of a length and the bytes themselves. The same form serves what is
 * bound and what is given back, so a whole result is one allocation.
 */
#include "host/base/check.h"
#include "host/base/err.h"
#include "storage/batch.h"

#include <string.h>

static size_t payload_bytes(const struct db_value *value)
{
    switch (value->type) {
    case DB_NULL:
        return 0;
    case DB_INTEGER:
    case DB_REAL:
        return 8;
    case DB_TEXT:
    case DB_BLOB:
        return 4 + value->bytes.len;
    }
    UNREACHABLE("a type of value");
}

int value_append(struct buf *out, const struct db_value *value)
{
    if (value->bytes.len > DB_RESULT_BYTES_MAX &&
        (value->type == DB_TEXT || value->type == DB_BLOB)) {
        return ERR_TOO_LARGE;
    }
    size_t bytes = 1 + payload_bytes(value);
    char *to = buf_reserve(out, bytes);
    if (to == NULL) {
        return out->err;
    }
    *to++ = (char)value->type;
    if (value->type == DB_INTEGER) {
        memcpy(to, &value->integer, 8);
    } else if (value->type == DB_REAL) {
        memcpy(to, &value->real, 8);
    } else if (value->type != DB_NULL) {
        uint32_t len = (uint32_t)value->bytes.len;
        memcpy(to, &len, 4);
        if (len > 0) {
            memcpy(to + 4, value->bytes.data, len);
        }
    }
    out->len += bytes;
    return 0;
}

void value_read(const char *data, size_t *offset, struct db_value *value)
{
    const char *from = data + *offset;
    *value = (struct db_value){.type = (enum db_type) * from++};
    if (value->type == DB_INTEGER) {
        memcpy(&value->integer, from, 8);
    } else if (value->type == DB_REAL) {
        memcpy(&value->real, from, 8);
    } else if (value->type != DB_NULL) {
        uint32_t len;
        memcpy(&len, from, 4);
        value->bytes = (struct bytes){from + 4, len};
    }
    *offset += 1 + payload_bytes(value);
}

static const struct batch_statement *statement_of(const struct db_batch *batch, size_t statement)
{
    CHECK(statement < batch->count);
    return &batch->statements[statement];
}

size_t db_batch_statements(const struct db_batch *batch)
{
    return batch->count;
}

size_t db_batch_failed_at(const struct db_batch *batch)
{
    return batch->failed_at;
}

const char *db_batch_error(const struct db_batch *batch)
{
    return batch->error != NULL ? batch->error : "";
}

size_t db_result_columns(const struct db_batch *batch, size_t statement)
{
    return statement_of(batch, statement)->columns;
}

struct bytes db_result_column_name(const struct db_batch *batch, size_t statement, size_t column)
{
    const struct batch_statement *s = statement_of(batch, statement);
    CHECK(column < s->columns);
    size_t offset = s->names_at;
    struct db_value name = {0};
    for (size_t i = 0; i <= column; i++) {
        value_read(batch->output.data, &offset, &name);
    }
    return name.bytes;
}

size_t db_result_rows(const struct db_batch *batch, size_t statement)
{
    return statement_of(batch, statement)->rows;
}

int64_t db_result_changes(const struct db_batch *batch, size_t statement)
{
    return statement_of(batch, statement)->changes;
}

struct db_cursor db_result_open(const struct db_batch *batch, size_t statement)
{
    const struct batch_statement *s = statement_of(batch, statement);
    return (struct db_cursor){batch, s->rows_at, s->rows_end};
}

bool db_result_next(struct db_cursor *cursor, struct db_value *value)
{
    if (cursor->offset >= cursor->end) {
        return false;
    }
    value_read(cursor->batch->output.data, &cursor->offset, value);
    return true;
}
