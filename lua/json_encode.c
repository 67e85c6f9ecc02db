/* The writing half of lua/json.h. No lua_ call in here can raise. */
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/base/utf8.h"
#include "lua/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_NAME_MAX 32                     /* bytes shown of one member's name */
#define EXACT_INTEGER_MAX 9007199254740992.0 /* 2^53: beyond it doubles skip integers */

/* One step of the way to the value: a member, or an item when name.data is NULL. */
struct step {
    struct bytes name;
    lua_Integer item;
};

struct encoder {
    lua_State *L;
    struct buf *out;
    bool canonical;
    unsigned depth;
    const char *why;
    struct step steps[JSON_DEPTH_MAX + 1];
};

/* A member as it was written, for sorting. */
struct span {
    struct bytes name;
    size_t start;
    size_t len;
};

static int encode_value(struct encoder *e, int index, const struct schema *schema);

static int fail(struct encoder *e, int err, const char *why)
{
    e->why = why;
    return err;
}

static int encode_number(struct encoder *e, int index)
{
    if (lua_isinteger(e->L, index)) {
        return buf_append_integer(e->out, lua_tointeger(e->L, index));
    }
    lua_Number value = lua_tonumber(e->L, index);
    if (!(value - value == 0)) { /* an infinity or no number */
        return fail(e, ERR_INVALID, "NaN and infinities have no JSON form");
    }
    if (value >= -EXACT_INTEGER_MAX && value <= EXACT_INTEGER_MAX &&
        value == (lua_Number)(int64_t)value) {
        return buf_append_integer(e->out, (int64_t)value);
    }
    return json_write_real(e->out, value);
}

static int encode_text(struct encoder *e, struct bytes text)
{
    if (!utf8_is_valid(text)) {
        return fail(e, ERR_UTF8, "the string is not UTF-8 (bytes go as base64url)");
    }
    return json_write_string(e->out, text);
}

/* What a table is, from its keys. count is its entries, highest its greatest integer key. */
struct shape {
    bool has_names;
    bool has_items;
    bool has_others;
    size_t count;
    lua_Integer highest;
};

/*
 * For the common object the first key says enough: with a name first and no
 * item 1 it is written as an object, which finds other keys on its way.
 */
static struct shape look_at(struct encoder *e, int table)
{
    struct shape shape = {0};
    lua_pushnil(e->L);
    while (lua_next(e->L, table)) {
        lua_pop(e->L, 1); /* key */
        shape.count++;
        if (lua_type(e->L, -1) == LUA_TSTRING) {
            shape.has_names = true;
        } else if (lua_isinteger(e->L, -1) && lua_tointeger(e->L, -1) >= 1) {
            shape.has_items = true;
            if (lua_tointeger(e->L, -1) > shape.highest) {
                shape.highest = lua_tointeger(e->L, -1);
            }
        } else {
            shape.has_others = true;
        }
        bool enough = shape.count > e->out->bytes_max || shape.has_others ||
                      (shape.has_names && (shape.has_items || !e->canonical));
        if (enough) {
            lua_pop(e->L, 1);
            break;
        }
    }
    return shape;
}

static int encode_array(struct encoder *e, int table, lua_Integer count,
                        const struct schema *schema)
{
    const struct schema *items = schema == NULL ? NULL : schema_items(schema);
    struct step *step = &e->steps[e->depth - 1];
    buf_append_char(e->out, '[');
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1) {
            buf_append_char(e->out, ',');
        }
        *step = (struct step){.item = i};
        int err = 0;
        if (lua_rawgeti(e->L, table, i) == LUA_TNIL) {
            err = buf_append(e->out, BYTES("null"));
        } else {
            err = encode_value(e, lua_gettop(e->L), items);
        }
        lua_pop(e->L, 1);
        if (err) {
            return err;
        }
    }
    return buf_append_char(e->out, ']');
}

/* Writes the member whose key and value are on top of the stack. */
static int encode_member(struct encoder *e, const struct schema *schema)
{
    int value = lua_gettop(e->L);
    if (lua_type(e->L, value - 1) != LUA_TSTRING) {
        return fail(e, ERR_INVALID, "a key that is no string has no JSON form");
    }
    struct bytes name;
    name.data = lua_tolstring(e->L, value - 1, &name.len);
    e->steps[e->depth - 1] = (struct step){.name = name};
    int err = encode_text(e, name);
    if (err) {
        return err;
    }
    buf_append_char(e->out, ':');
    return encode_value(e, value, schema == NULL ? NULL : schema_property(schema, name));
}

static int encode_object(struct encoder *e, int table, const struct schema *schema)
{
    const char *separator = "";
    buf_append_char(e->out, '{');
    lua_pushnil(e->L);
    while (lua_next(e->L, table)) {
        buf_append_text(e->out, separator);
        separator = ",";
        int err = encode_member(e, schema);
        lua_pop(e->L, 1); /* key */
        if (err) {
            lua_pop(e->L, 1);
            return err;
        }
    }
    return buf_append_char(e->out, '}');
}

static int compare_spans(const void *a, const void *b)
{
    return bytes_compare(((const struct span *)a)->name, ((const struct span *)b)->name);
}

/* Puts the written members in order: those from `start` to the end of out. */
static int sort_members(struct encoder *e, size_t start, struct span *spans, size_t count)
{
    size_t len = e->out->len - start;
    char *copy = mem_try_alloc(len);
    if (copy == NULL) {
        return fail(e, ERR_NOMEM, "out of memory");
    }
    memcpy(copy, e->out->data + start, len);
    qsort(spans, count, sizeof(*spans), compare_spans);
    e->out->len = start;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_append_char(e->out, ',');
        }
        buf_append(e->out, (struct bytes){copy + (spans[i].start - start), spans[i].len});
    }
    mem_free(copy);
    return e->out->err;
}

static int encode_spans(struct encoder *e, int table, const struct schema *schema,
                        struct span *spans)
{
    size_t start = e->out->len;
    size_t count = 0;
    lua_pushnil(e->L);
    while (lua_next(e->L, table)) {
        size_t from = e->out->len;
        int err = encode_member(e, schema);
        lua_pop(e->L, 1); /* key */
        if (err) {
            lua_pop(e->L, 1);
            return err;
        }
        /* The key lives in the table, so its bytes stay where they are. */
        spans[count++] = (struct span){
            .name = e->steps[e->depth - 1].name, .start = from, .len = e->out->len - from};
        buf_append_char(e->out, ','); /* also keeps the sorted bytes from outgrowing these */
    }
    return count == 0 ? e->out->err : sort_members(e, start, spans, count);
}

static int encode_canonical(struct encoder *e, int table, size_t count, const struct schema *schema)
{
    struct span *spans = mem_try_alloc(count * sizeof(*spans));
    if (spans == NULL) {
        return fail(e, ERR_NOMEM, "out of memory");
    }
    buf_append_char(e->out, '{');
    int err = encode_spans(e, table, schema, spans);
    mem_free(spans);
    return err ? err : buf_append_char(e->out, '}');
}

static int encode_members(struct encoder *e, int table, const struct shape *shape,
                          const struct schema *schema)
{
    if (shape->has_others || shape->has_items) {
        return fail(e, ERR_INVALID,
                    shape->has_names ? "a table with both names and items has no JSON form"
                                     : "only the keys 1 to n or strings have a JSON form");
    }
    return e->canonical ? encode_canonical(e, table, shape->count, schema)
                        : encode_object(e, table, schema);
}

static int encode_table_inside(struct encoder *e, int table, const struct schema *schema)
{
    bool is_marked = json_is_array(e->L, table);
    struct shape shape = look_at(e, table);
    if (shape.count > e->out->bytes_max || shape.highest > (lua_Integer)e->out->bytes_max) {
        return fail(e, ERR_TOO_LARGE, "too many items");
    }
    bool is_whole = shape.highest == (lua_Integer)shape.count;
    bool wants_array =
        shape.count > 0 || is_marked || (schema != NULL && schema_wants_array(schema));
    if (!shape.has_names && !shape.has_others && (is_whole || is_marked) && wants_array) {
        return encode_array(e, table, shape.highest, schema);
    }
    return encode_members(e, table, &shape, schema);
}

static int encode_table(struct encoder *e, int table, const struct schema *schema)
{
    if (e->depth == JSON_DEPTH_MAX) {
        return fail(e, ERR_DEPTH, "tables inside each other too deeply, or in a circle");
    }
    if (!lua_checkstack(e->L, 6)) {
        return fail(e, ERR_NOMEM, "out of memory");
    }
    e->steps[e->depth++] = (struct step){0};
    int err = encode_table_inside(e, table, schema);
    if (!err) {
        e->depth--; /* after a failure the steps are the message's path */
    }
    return err;
}

static int encode_value(struct encoder *e, int index, const struct schema *schema)
{
    struct bytes text;
    switch (lua_type(e->L, index)) {
    case LUA_TBOOLEAN:
        return buf_append_text(e->out, lua_toboolean(e->L, index) ? "true" : "false");
    case LUA_TNUMBER:
        return encode_number(e, index);
    case LUA_TSTRING:
        text.data = lua_tolstring(e->L, index, &text.len);
        return encode_text(e, text);
    case LUA_TTABLE:
        return encode_table(e, index, schema);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(e->L, index) == NULL) {
            return buf_append(e->out, BYTES("null"));
        }
        return fail(e, ERR_INVALID, "a userdata has no JSON form");
    case LUA_TNIL:
        return fail(e, ERR_INVALID, "nil has no JSON form (mesh.null is null)");
    case LUA_TFUNCTION:
        return fail(e, ERR_INVALID, "a function has no JSON form");
    case LUA_TTHREAD:
        return fail(e, ERR_INVALID, "a coroutine has no JSON form");
    default:
        return fail(e, ERR_INVALID, "a userdata has no JSON form");
    }
}

static void append_step(struct buf *text, const struct step *step, bool is_first)
{
    if (step->item > 0) {
        buf_append_char(text, '[');
        buf_append_integer(text, step->item);
        buf_append_char(text, ']');
        return;
    }
    struct bytes name = step->name;
    if (!utf8_is_valid(name)) {
        name = BYTES("?");
    }
    if (name.len == 0) {
        return;
    }
    bool is_long = name.len > PATH_NAME_MAX;
    name.len = is_long ? PATH_NAME_MAX : name.len;
    while (is_long && name.len > 0 && ((unsigned char)name.data[name.len] & 0xc0) == 0x80) {
        name.len--; /* not inside a code point */
    }
    buf_append_text(text, is_first ? "" : ".");
    buf_append(text, name);
    buf_append_text(text, is_long ? "..." : "");
}

static void write_message(const struct encoder *e, char *message, size_t message_size)
{
    struct buf path;
    buf_open(&path, JSON_MESSAGE_MAX / 2);
    for (unsigned i = 0; i < e->depth && !path.err; i++) {
        append_step(&path, &e->steps[i], i == 0);
    }
    snprintf(message, message_size, "%.*s%s%s", (int)path.len, path.len > 0 ? path.data : "",
             path.len > 0 ? ": " : "", e->why);
    buf_close(&path);
}

/* NOLINTNEXTLINE(readability-function-size): what, whereto, how, and the words of a failure */
int json_encode(lua_State *L, int index, struct buf *out, const struct schema *schema,
                bool canonical, char *message, size_t message_size)
{
    struct encoder e = {.L = L, .out = out, .canonical = canonical};
    size_t before = out->len;
    int err_before = out->err;
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 6)) {
        return ERR_NOMEM;
    }
    int err = encode_value(&e, lua_absindex(L, index), schema);
    err = err ? err : out->err;
    if (err) {
        if (e.why == NULL) {
            e.why = err == ERR_TOO_LARGE ? "too large" : err_text(err);
        }
        if (message != NULL) {
            write_message(&e, message, message_size);
        }
        out->len = before;
        out->err = err_before;
    }
    lua_settop(L, top);
    return err;
}
