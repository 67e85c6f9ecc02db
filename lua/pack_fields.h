/* Writes a flat table in the packed form of lua/pack.h from C, without a state. */
#ifndef LUA_PACK_FIELDS_H
#define LUA_PACK_FIELDS_H

#include "host/base/buf.h"

/* Then exactly `count` fields. Failures stick in the buffer. */
void pack_fields_open(struct buf *out, unsigned count);
void pack_field_text(struct buf *out, const char *name, const char *value);
void pack_field_integer(struct buf *out, const char *name, int64_t value);

#endif
