/*
 * The reader. One pass, no recursion: while a container is open, its `next`
 * holds the index of the container around it, so the nodes are the stack.
 */
#include "host/base/json.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/json_private.h"
#include "host/base/mem.h"
#include "host/base/utf8.h"
#include "host/base/utf8_private.h"

#define NODES_MIN 64
#define NO_NODE UINT32_MAX

struct reader {
    struct json_doc *doc;
    const char *at;
    const char *end;
    uint32_t open; /* the innermost open container, or NO_NODE */
    uint32_t depth;
    uint32_t depth_max;
    uint32_t nodes_max;
};

void json_open(struct json_doc *doc)
{
    *doc = (struct json_doc){0};
    buf_open(&doc->text, UINT32_MAX);
}

void json_close(struct json_doc *doc)
{
    mem_free(doc->nodes);
    buf_close(&doc->text);
    json_open(doc);
}

static int grow_nodes(struct json_doc *doc, uint32_t nodes_max)
{
    if (doc->count >= nodes_max) {
        return ERR_TOO_LARGE;
    }
    size_t capacity = doc->capacity < NODES_MIN ? NODES_MIN : (size_t)doc->capacity * 2;
    if (capacity >= NO_NODE) {
        return ERR_TOO_LARGE;
    }
    struct json_node *nodes = mem_try_realloc(doc->nodes, capacity * sizeof(*nodes));
    if (nodes == NULL) {
        return ERR_NOMEM;
    }
    doc->nodes = nodes;
    doc->capacity = (uint32_t)capacity;
    return 0;
}

static inline int push_node(struct reader *in, enum json_type type)
{
    struct json_doc *doc = in->doc;
    if (doc->count >= doc->capacity || doc->count >= in->nodes_max) {
        int err = grow_nodes(doc, in->nodes_max);
        if (err) {
            return err;
        }
    }
    struct json_node *node = &doc->nodes[doc->count++];
    *node = (struct json_node){.type = (uint8_t)type, .next = doc->count};
    return 0;
}

static inline struct json_node *last_node(struct reader *in)
{
    return &in->doc->nodes[in->doc->count - 1];
}

static inline void skip_space(struct reader *in)
{
    const char *p = in->at;
    while (p < in->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    in->at = p;
}

static inline bool next_is(const struct reader *in, char c)
{
    return in->at < in->end && *in->at == c;
}

/* 0 to 0xffff and in->at behind the four digits, or -1. */
static long read_hex4(struct reader *in)
{
    long value = 0;
    for (int i = 0; i < 4; i++, in->at++) {
        if (in->at == in->end) {
            return -1;
        }
        char c = *in->at;
        if (c >= '0' && c <= '9') {
            value = value * 16 + (c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            value = value * 16 + ((c | 0x20) - 'a' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

/* The code point of a \u escape, whose u has been read; halves of pairs alone are U+FFFD. */
static long read_unicode_escape(struct reader *in, uint8_t *flags)
{
    long first = read_hex4(in);
    if (first == 0) {
        *flags |= JSON_BAD_STRING;
    }
    if (first < 0xd800 || first > 0xdfff) {
        return first;
    }
    if (first < 0xdc00 && in->end - in->at >= 2 && in->at[0] == '\\' && in->at[1] == 'u') {
        const char *second_at = in->at;
        in->at += 2;
        long second = read_hex4(in);
        if (second < 0) {
            return -1;
        }
        if (second >= 0xdc00 && second <= 0xdfff) {
            return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
        in->at = second_at; /* stands for itself */
    }
    *flags |= JSON_BAD_STRING;
    return 0xfffd;
}

/* Reads one escape, whose backslash has been read, and writes what it stands for to *to. */
static int read_escape(struct reader *in, char **to, uint8_t *flags)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    if (in->at == in->end) {
        return ERR_SYNTAX;
    }
    char c = *in->at;
    if (c == 'u') {
        in->at++;
        long code_point = read_unicode_escape(in, flags);
        if (code_point < 0) {
            return ERR_SYNTAX;
        }
        *to += utf8_encode(*to, (uint32_t)code_point);
        return 0;
    }
    const char *found = c ? strchr(names, c) : NULL;
    if (found == NULL) {
        return ERR_SYNTAX;
    }
    in->at++;
    *(*to)++ = values[found - names];
    return 0;
}

/*
 * The end of a run that is copied or lent as it is: in->at stands on a quote or
 * a backslash then. ERR_SYNTAX for a control or no end, or ERR_UTF8.
 */
static inline int skip_run(struct reader *in)
{
    const char *p = in->at;
    int err = ERR_SYNTAX;
    for (;;) {
        p = json_skip_plain(p, in->end);
        if (p == in->end || (unsigned char)*p < 0x20) {
            break;
        }
        if (*p == '"' || *p == '\\') {
            err = 0;
            break;
        }
        size_t len = utf8_sequence_len(p, in->end);
        while (len > 1) {
            p += len;
            len = p < in->end ? utf8_sequence_len(p, in->end) : 1;
        }
        if (len == 0) {
            err = ERR_UTF8;
            break;
        }
    }
    in->at = p;
    return err;
}

/* Goes on with a string at its first backslash; `start` is behind its quote. */
static int read_escaped_string(struct reader *in, const char *start)
{
    struct buf *text = &in->doc->text;
    /* An escape is longer than what it stands for. So room for the rest of the input, taken at
     * the first escape, holds all text to come, and strings never move. */
    char *out = buf_reserve(text, (size_t)(in->end - start));
    if (out == NULL) {
        return text->err;
    }
    uint8_t flags = 0;
    char *to = out;
    for (;;) {
        memcpy(to, start, (size_t)(in->at - start));
        to += in->at - start;
        if (*in->at++ == '"') {
            break;
        }
        int err = read_escape(in, &to, &flags);
        start = in->at;
        err = err ? err : skip_run(in);
        if (err) {
            return err;
        }
    }
    struct json_node *node = last_node(in);
    node->flags = flags;
    node->text = out;
    node->size = (uint32_t)(to - out);
    text->len += node->size;
    return 0;
}

static int read_string(struct reader *in)
{
    int err = push_node(in, JSON_STRING);
    if (err) {
        return err;
    }
    const char *start = ++in->at;
    err = skip_run(in);
    if (err) {
        return err;
    }
    if (*in->at == '\\') {
        return read_escaped_string(in, start);
    }
    struct json_node *node = last_node(in);
    node->text = start;
    node->size = (uint32_t)(in->at - start);
    in->at++;
    return 0;
}

static int read_literal(struct reader *in, struct bytes word, enum json_type type)
{
    struct bytes rest = {in->at, (size_t)(in->end - in->at)};
    if (!bytes_starts_with(rest, word)) {
        return ERR_SYNTAX;
    }
    in->at += word.len;
    return push_node(in, type);
}

/* A name and its colon. */
static int read_name(struct reader *in)
{
    skip_space(in);
    if (!next_is(in, '"')) {
        return ERR_SYNTAX;
    }
    int err = read_string(in);
    if (err) {
        return err;
    }
    skip_space(in);
    if (!next_is(in, ':')) {
        return ERR_SYNTAX;
    }
    in->at++;
    return 0;
}

static int close_container(struct reader *in)
{
    struct json_doc *doc = in->doc;
    uint32_t closed = in->open;
    struct json_node *node = &doc->nodes[closed];
    in->at++;
    in->depth--;
    in->open = node->next;
    node->next = doc->count;
    return node->type == JSON_OBJECT && node->size > 1 ? json_drop_duplicates(doc, closed) : 0;
}

/* 1 when a first value follows, 0 when the container was empty. */
static int open_container(struct reader *in, enum json_type type)
{
    if (in->depth == in->depth_max) {
        return ERR_DEPTH;
    }
    int err = push_node(in, type);
    if (err) {
        return err;
    }
    last_node(in)->next = in->open;
    in->open = in->doc->count - 1;
    in->depth++;
    in->at++;
    skip_space(in);
    if (next_is(in, type == JSON_OBJECT ? '}' : ']')) {
        return close_container(in);
    }
    err = type == JSON_OBJECT ? read_name(in) : 0;
    return err ? err : 1;
}

static int read_number(struct reader *in)
{
    int err = push_node(in, JSON_INTEGER);
    return err ? err : json_read_number(&in->at, in->end, last_node(in));
}

/* As open_container: 1 when a value inside this one follows, 0 when it is complete. */
static inline int read_value(struct reader *in)
{
    skip_space(in);
    if (in->at == in->end) {
        return ERR_SYNTAX;
    }
    if (in->open != NO_NODE) {
        in->doc->nodes[in->open].size++;
    }
    switch (*in->at) {
    case '"':
        return read_string(in);
    case '{':
        return open_container(in, JSON_OBJECT);
    case '[':
        return open_container(in, JSON_ARRAY);
    case 't':
        return read_literal(in, BYTES("true"), JSON_TRUE);
    case 'f':
        return read_literal(in, BYTES("false"), JSON_FALSE);
    case 'n':
        return read_literal(in, BYTES("null"), JSON_NULL);
    default:
        return read_number(in);
    }
}

/* After a value: 1 when another one follows, 0 when the document is complete. */
static inline int read_after_value(struct reader *in)
{
    while (in->open != NO_NODE) {
        bool is_object = in->doc->nodes[in->open].type == JSON_OBJECT;
        skip_space(in);
        if (next_is(in, ',')) {
            in->at++;
            int err = is_object ? read_name(in) : 0;
            return err ? err : 1;
        }
        if (!next_is(in, is_object ? '}' : ']')) {
            return ERR_SYNTAX;
        }
        int err = close_container(in);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int read_document(struct reader *in)
{
    int more = 1;
    while (more == 1) {
        more = read_value(in);
        if (more == 0) {
            more = read_after_value(in);
        }
    }
    if (more < 0) {
        return more;
    }
    skip_space(in);
    return in->at == in->end ? 0 : ERR_SYNTAX;
}

int json_parse(struct json_doc *doc, struct bytes in, const struct json_limits *limits)
{
    struct json_limits l = limits ? *limits : (struct json_limits){0};
    l.depth_max = l.depth_max ? l.depth_max : JSON_DEPTH_MAX;
    l.nodes_max = l.nodes_max ? l.nodes_max : JSON_NODES_MAX;
    doc->count = 0;
    doc->error_offset = 0;
    buf_clear(&doc->text);
    if (in.len == 0) {
        return ERR_SYNTAX;
    }
    if (in.len >= UINT32_MAX) {
        return ERR_TOO_LARGE;
    }
    struct reader reader = {
        .doc = doc,
        .at = in.data,
        .end = in.data + in.len,
        .open = NO_NODE,
        .depth_max = l.depth_max < JSON_DEPTH_CEILING ? l.depth_max : JSON_DEPTH_CEILING,
        .nodes_max = l.nodes_max,
    };
    int err = read_document(&reader);
    doc->error_offset = (size_t)(reader.at - in.data);
    /* The first complaint may stand before the first bad byte, and the caller treats bytes that
     * are not text at all differently. */
    return err && !utf8_is_valid(in) ? ERR_UTF8 : err;
}
