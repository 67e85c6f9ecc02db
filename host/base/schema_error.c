/* JSON Pointers (RFC 6901) and messages for whoever wrote the call or the schema. */
#include "host/base/schema_private.h"
#include "host/base/utf8_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct pointer {
    char *out;
    size_t len;
    bool is_full; /* what came after a cut would be another place */
};

static void put(struct pointer *p, const char *data, size_t len)
{
    if (p->is_full || len >= SCHEMA_PATH_MAX - p->len) {
        p->is_full = true;
        return;
    }
    memcpy(p->out + p->len, data, len);
    p->len += len;
}

static void put_name(struct pointer *p, struct bytes name)
{
    const char *at = name.data;
    const char *end = name.data + name.len;
    while (at < end) {
        size_t len = utf8_sequence_len(at, end);
        if (*at == '~') {
            put(p, "~0", 2);
        } else if (*at == '/') {
            put(p, "~1", 2);
        } else if (*at == '\0' || len == 0) {
            put(p, "\xef\xbf\xbd", 3);
        } else {
            put(p, at, len);
        }
        at += len ? len : 1;
    }
}

/* Depth of the C stack here is that of the document, which the parser bounds. */
static void put_place(struct pointer *p, const struct schema_place *place)
{
    if (place == NULL || place->parent == NULL) {
        return;
    }
    put_place(p, place->parent);
    put(p, "/", 1);
    if (place->name.data != NULL) {
        put_name(p, place->name);
    } else {
        char digits[12];
        int len = snprintf(digits, sizeof(digits), "%u", place->index);
        put(p, digits, (size_t)len);
    }
}

int schema_fail(struct schema_error *error, const struct schema_place *place, int err,
                const char *format, ...)
{
    if (error == NULL) {
        return err;
    }
    struct pointer p = {.out = error->path};
    put_place(&p, place);
    error->path[p.len] = '\0';
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    return err;
}
