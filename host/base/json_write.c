/* The writer. It recurses, which JSON_DEPTH_CEILING bounds. */
#include "host/base/err.h"
#include "host/base/json_private.h"
#include "host/base/mem.h"
#include "host/base/utf8_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REAL_LEN_MAX 32
#define INTEGER_END 9223372036854775808.0 /* 2^63 */
#define SORT_SMALL_MAX 32

static int write_control(struct buf *out, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    switch (byte) {
    case '\b':
        return buf_append(out, BYTES("\\b"));
    case '\f':
        return buf_append(out, BYTES("\\f"));
    case '\n':
        return buf_append(out, BYTES("\\n"));
    case '\r':
        return buf_append(out, BYTES("\\r"));
    case '\t':
        return buf_append(out, BYTES("\\t"));
    default:
        return buf_append(out, (struct bytes){escape, sizeof(escape)});
    }
}

/* The end of a run that is written as it is. */
static const char *skip_clean(const char *p, const char *end)
{
    for (;;) {
        p = json_skip_plain(p, end);
        if (p == end || (unsigned char)*p < 0x80) {
            return p;
        }
        size_t len = utf8_sequence_len(p, end);
        if (len == 0) {
            return p;
        }
        p += len;
    }
}

int json_write_string(struct buf *out, struct bytes text)
{
    buf_append_char(out, '"');
    const char *p = text.data;
    const char *end = text.len ? text.data + text.len : text.data;
    while (p < end) {
        const char *run = p;
        p = skip_clean(p, end);
        buf_append(out, (struct bytes){run, (size_t)(p - run)});
        if (p == end) {
            break;
        }
        unsigned char byte = (unsigned char)*p++;
        if (byte == '"' || byte == '\\') {
            char escape[2] = {'\\', (char)byte};
            buf_append(out, (struct bytes){escape, sizeof(escape)});
        } else if (byte < 0x20) {
            write_control(out, byte);
        } else {
            buf_append(out, BYTES("\xef\xbf\xbd"));
        }
    }
    return buf_append_char(out, '"');
}

int json_write_real(struct buf *out, double value)
{
    if (!isfinite(value)) {
        return buf_append(out, BYTES("null"));
    }
    char text[REAL_LEN_MAX];
    /* All digits as far as integers go: the fewest that name the double may name another
     * integer, as 9.2233720368547758e18 does for 2^63. */
    if (fabs(value) <= INTEGER_END && !(trunc(value) < value) && !(trunc(value) > value)) {
        int digits = snprintf(text, sizeof(text), "%.0f", value + 0.0); /* not "-0" */
        return buf_append(out, (struct bytes){text, (size_t)digits});
    }
    int len = 0;
    /* The shortest that reads back as the same value; 17 digits always do. */
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, sizeof(text), "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (!(back < value) && !(back > value)) {
            break;
        }
    }
    return buf_append(out, (struct bytes){text, (size_t)len});
}

static int compare_names(const void *a, const void *b)
{
    const struct json_node *const *left = a;
    const struct json_node *const *right = b;
    return bytes_compare(json_string(*left), json_string(*right));
}

static void write_node(struct buf *out, const struct json_doc *doc, const struct json_node *node,
                       bool canonical);

static void write_member(struct buf *out, const struct json_doc *doc, const struct json_node *name,
                         bool canonical, bool is_first)
{
    if (!is_first) {
        buf_append_char(out, ',');
    }
    json_write_string(out, json_string(name));
    buf_append_char(out, ':');
    write_node(out, doc, name + 1, canonical);
}

static void write_sorted(struct buf *out, const struct json_doc *doc,
                         const struct json_node *object)
{
    const struct json_node *small[SORT_SMALL_MAX];
    const struct json_node **names = small;
    if (object->size > SORT_SMALL_MAX) {
        names = mem_try_alloc(object->size * sizeof(struct json_node *));
        if (names == NULL) {
            out->err = ERR_NOMEM;
            return;
        }
    }
    size_t count = 0;
    const struct json_node *name = json_first(doc, object);
    for (; name != NULL; name = json_next(doc, object, name + 1)) {
        names[count++] = name;
    }
    qsort(names, count, sizeof(struct json_node *), compare_names);
    for (size_t i = 0; i < count; i++) {
        write_member(out, doc, names[i], true, i == 0);
    }
    if (names != small) {
        mem_free(names);
    }
}

static void write_object(struct buf *out, const struct json_doc *doc,
                         const struct json_node *object, bool canonical)
{
    buf_append_char(out, '{');
    if (canonical && object->size > 1) {
        write_sorted(out, doc, object);
    } else {
        const struct json_node *first = json_first(doc, object);
        for (const struct json_node *name = first; name != NULL && !out->err;
             name = json_next(doc, object, name + 1)) {
            write_member(out, doc, name, canonical, name == first);
        }
    }
    buf_append_char(out, '}');
}

static void write_array(struct buf *out, const struct json_doc *doc, const struct json_node *array,
                        bool canonical)
{
    buf_append_char(out, '[');
    const struct json_node *first = json_first(doc, array);
    for (const struct json_node *item = first; item != NULL && !out->err;
         item = json_next(doc, array, item)) {
        if (item != first) {
            buf_append_char(out, ',');
        }
        write_node(out, doc, item, canonical);
    }
    buf_append_char(out, ']');
}

static void write_node(struct buf *out, const struct json_doc *doc, const struct json_node *node,
                       bool canonical)
{
    switch ((enum json_type)node->type) {
    case JSON_NULL:
        buf_append(out, BYTES("null"));
        break;
    case JSON_FALSE:
        buf_append(out, BYTES("false"));
        break;
    case JSON_TRUE:
        buf_append(out, BYTES("true"));
        break;
    case JSON_INTEGER:
        buf_append_integer(out, node->integer);
        break;
    case JSON_REAL:
        json_write_real(out, node->real);
        break;
    case JSON_STRING:
        json_write_string(out, json_string(node));
        break;
    case JSON_ARRAY:
        write_array(out, doc, node, canonical);
        break;
    case JSON_OBJECT:
        write_object(out, doc, node, canonical);
        break;
    }
}

int json_write_node(struct buf *out, const struct json_doc *doc, const struct json_node *node,
                    bool canonical)
{
    write_node(out, doc, node, canonical);
    return out->err;
}
