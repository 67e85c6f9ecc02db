#include "lua/pack_fields.h"

static void put_varint(struct buf *out, uint64_t value)
{
    while (value >= 0x80) {
        buf_append_char(out, (char)(0x80 | (value & 0x7f)));
        value >>= 7;
    }
    buf_append_char(out, (char)value);
}

static void put_text(struct buf *out, struct bytes text)
{
    buf_append_char(out, 's');
    put_varint(out, text.len);
    buf_append(out, text);
}

void pack_fields_open(struct buf *out, unsigned count)
{
    buf_append_char(out, 'T');
    put_varint(out, 0); /* items */
    put_varint(out, count);
}

void pack_field_text(struct buf *out, const char *name, const char *value)
{
    put_text(out, bytes_of(name));
    put_text(out, bytes_of(value ? value : ""));
}

void pack_field_integer(struct buf *out, const char *name, int64_t value)
{
    put_text(out, bytes_of(name));
    buf_append_char(out, 'i');
    put_varint(out, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63)); /* zigzag */
}
