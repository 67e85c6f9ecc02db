#include "lua/datafile.h"

#include "host/base/buf.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATAFILE_JSON_MAX (4U << 20)

struct reading {
    struct datafile *file;
    size_t memory;
    bool is_over; /* the budget of instructions or memory */
    int err;
};

static const char values_key; /* registry: the table behind the environment */

static void *allocate(void *ctx, void *block, size_t old_size, size_t new_size)
{
    struct reading *r = ctx;
    size_t before = block ? old_size : 0;
    if (new_size == 0) {
        mem_free(block);
        r->memory -= before;
        return NULL;
    }
    if (new_size > before && new_size - before > DATAFILE_MEMORY_MAX - r->memory) {
        r->is_over = true;
        return NULL;
    }
    void *grown = mem_try_realloc(block, new_size);
    if (grown) {
        r->memory += new_size - before;
    }
    return grown;
}

static struct reading *reading_of(lua_State *L)
{
    void *r;
    lua_getallocf(L, &r);
    return r;
}

static void on_steps(lua_State *L, lua_Debug *where)
{
    (void)where;
    reading_of(L)->is_over = true;
    luaL_where(L, 0);
    lua_pushfstring(L, "more than %d steps; a configuration holds data", DATAFILE_STEPS_MAX);
    lua_concat(L, 2);
    lua_error(L);
}

/* ---- the environment ---- */

/* The place of the key among the file's, or their count. */
static size_t find_key(const struct datafile *file, struct bytes name)
{
    size_t i = 0;
    while (i < file->keys_count && !bytes_equal_text(name, file->keys[i].name)) {
        i++;
    }
    return i;
}

/* Whether a line of text assigns to the name: blanks, the name, blanks, "=". */
static bool assigns(const char *line, const char *end, struct bytes name)
{
    while (line < end && isspace((unsigned char)*line)) {
        line++;
    }
    if ((size_t)(end - line) < name.len || memcmp(line, name.data, name.len) != 0) {
        return false;
    }
    line += name.len;
    while (line < end && isspace((unsigned char)*line)) {
        line++;
    }
    return line < end && *line == '=' && (line + 1 == end || line[1] != '=');
}

/*
 * The machine knows the line where an assignment ends. The nearest line above
 * it that begins with the name is where a person looks for it.
 */
static unsigned first_line(const char *text, unsigned last, struct bytes name)
{
    unsigned found = last;
    unsigned number = 1;
    while (*text && number <= last) {
        const char *end = text + strcspn(text, "\n");
        if (assigns(text, end, name)) {
            found = number;
        }
        text = *end ? end + 1 : end;
        number++;
    }
    return found;
}

static void note_key(lua_State *L, struct datafile *file, struct bytes name)
{
    lua_Debug where;
    unsigned line = 0;
    if (lua_getstack(L, 1, &where) && lua_getinfo(L, "l", &where) && where.currentline > 0) {
        line = (unsigned)where.currentline;
    }
    size_t index = find_key(file, name);
    if (index == DATAFILE_KEYS_MAX) {
        luaL_error(L, "more than %d keys", DATAFILE_KEYS_MAX);
        return;
    }
    struct datafile_key *key = &file->keys[index];
    if (index == file->keys_count) {
        key->name = mem_copy_text(name.data, name.len);
        file->keys_count++;
    }
    key->end = line;
    key->line = first_line(file->text, line, name);
}

/* name = value */
static int set_global(lua_State *L)
{
    struct bytes name;
    if (lua_type(L, 2) != LUA_TSTRING) {
        return luaL_error(L, "a key is a name");
    }
    name.data = lua_tolstring(L, 2, &name.len);
    if (lua_isfunction(L, 3)) {
        return luaL_error(L, "%s: a function is no data", name.data);
    }
    note_key(L, reading_of(L)->file, name);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &values_key); /* env name value values */
    lua_replace(L, 1);
    lua_rawset(L, 1);
    return 0;
}

static int get_global(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &values_key);
    lua_replace(L, 1); /* values name */
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 1) == LUA_TNIL) {
        const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
        return luaL_error(L, "%s is not defined here; a text needs quotes", name);
    }
    return 1;
}

static void push_environment(lua_State *L)
{
    lua_newtable(L); /* values */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &values_key);
    lua_newtable(L);          /* env, which stays empty, so that each access is seen */
    lua_createtable(L, 0, 2); /* env meta */
    lua_pushcfunction(L, set_global);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, get_global);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* ---- running it ---- */

static int encode_values(lua_State *L, struct reading *r)
{
    char why[JSON_MESSAGE_MAX];
    struct buf out;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &values_key);
    buf_open(&out, DATAFILE_JSON_MAX);
    int err = json_encode(L, -1, &out, NULL, true, why, sizeof(why));
    if (!err) {
        r->file->json = mem_copy_text(out.data, out.len);
    }
    buf_close(&out);
    if (err) {
        r->err = ERR_INVALID;
        struct bytes key = {why, strcspn(why, ".[:")}; /* why begins with the place */
        size_t index = find_key(r->file, key);
        int line = index < r->file->keys_count ? (int)r->file->keys[index].line : 1;
        lua_pushfstring(L, "%s:%d: %s", r->file->name, line, why);
        return lua_error(L);
    }
    return 0;
}

static int run(lua_State *L)
{
    struct reading *r = lua_touserdata(L, 1);
    const char *text = r->file->text;
    lua_pushfstring(L, "@%s", r->file->name);
    if (luaL_loadbufferx(L, text, strlen(text), lua_tostring(L, -1), "t")) {
        r->err = ERR_SYNTAX;
        return lua_error(L);
    }
    push_environment(L); /* chunk env */
    lua_setupvalue(L, -2, 1);
    lua_sethook(L, on_steps, LUA_MASKCOUNT, DATAFILE_STEPS_MAX);
    r->err = ERR_INVALID;
    lua_call(L, 0, LUA_MULTRET);
    lua_sethook(L, NULL, 0, 0);
    if (lua_gettop(L) > 2) { /* the arguments and the chunk's name */
        return luaL_error(L, "%s: write key = value lines; a value that is returned is not read",
                          r->file->name);
    }
    r->err = 0;
    return encode_values(L, r);
}

static int run_protected(struct reading *r, char *message, size_t message_size)
{
    lua_State *L = lua_newstate(allocate, r);
    if (!L) {
        snprintf(message, message_size, "%s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, r);
    int status = lua_pcall(L, 1, 0, 0);
    int err = status ? r->err : 0;
    if (status) {
        const char *why = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
        bool is_bare = status == LUA_ERRMEM;
        snprintf(message, message_size, "%s%s%s", is_bare ? r->file->name : "", is_bare ? ": " : "",
                 is_bare ? "needs too much memory" : why);
        err = r->is_over ? ERR_BUDGET : err ? err : ERR_NOMEM;
    }
    lua_close(L);
    return err;
}

int datafile_parse(struct datafile *out, const char *name, struct bytes text, char *message,
                   size_t message_size)
{
    struct reading r = {.file = out};
    memset(out, 0, sizeof(*out));
    out->name = mem_copy_text(name, strlen(name));
    int err = 0;
    if (text.len > DATAFILE_BYTES_MAX) {
        snprintf(message, message_size, "%s: more than %u bytes", name, DATAFILE_BYTES_MAX);
        err = ERR_TOO_LARGE;
    } else if (text.len > 0 && (text.data[0] == '\033' || memchr(text.data, '\0', text.len))) {
        snprintf(message, message_size, "%s: not a text; Lua as people write it is expected", name);
        err = ERR_SYNTAX;
    } else {
        out->text = mem_copy_text(text.len ? text.data : "", text.len);
        err = run_protected(&r, message, message_size);
    }
    if (err) {
        datafile_close(out);
    }
    return err;
}

static int fail_system(const char *path, char *message, size_t message_size)
{
    int number = errno;
    snprintf(message, message_size, "%s: %s", path, strerror(number));
    return number == ENOENT ? ERR_NOT_FOUND : err_from_errno(number);
}

/* Reads to the end, one byte over the limit at most. */
static int read_all(int fd, struct buf *text)
{
    for (;;) {
        char *room = buf_reserve(text, 4096);
        if (!room) {
            return text->err;
        }
        ssize_t got = read(fd, room, 4096);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? ERR_IO : 0;
        }
        text->len += (size_t)got;
    }
}

int datafile_open(struct datafile *out, const char *path, char *message, size_t message_size)
{
    struct buf text;
    struct stat info;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not make us wait */
    if (fd < 0) {
        return fail_system(path, message, message_size);
    }
    buf_open(&text, DATAFILE_BYTES_MAX + 4096);
    int err = 0;
    if (fstat(fd, &info) == 0 && !S_ISREG(info.st_mode)) {
        snprintf(message, message_size, "%s: not a regular file", path);
        err = ERR_INVALID;
    } else {
        err = read_all(fd, &text);
        if (err == ERR_IO) {
            err = fail_system(path, message, message_size);
        } else if (err) {
            snprintf(message, message_size, "%s: %s", path, err_text(err));
        }
    }
    close(fd);
    if (!err) {
        err = datafile_parse(out, path, buf_bytes(&text), message, message_size);
    }
    buf_close(&text);
    return err;
}

void datafile_close(struct datafile *file)
{
    for (size_t i = 0; i < file->keys_count; i++) {
        mem_free(file->keys[i].name);
    }
    mem_free(file->name);
    mem_free(file->text);
    mem_free(file->json);
    memset(file, 0, sizeof(*file));
}

/* ---- places ---- */

/* Whether the name stands in the line as a key of a table. */
static bool has_member(const char *line, const char *end, struct bytes name)
{
    for (const char *at = line; at < end; at++) {
        bool begins = at == line || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');
        if (begins && assigns(at, end, name)) {
            return true;
        }
    }
    return false;
}

unsigned datafile_line(const struct datafile *file, struct bytes name, const char *member)
{
    size_t index = find_key(file, name);
    if (index == file->keys_count) {
        return 0;
    }
    const struct datafile_key *key = &file->keys[index];
    if (!member) {
        return key->line;
    }
    const char *text = file->text;
    for (unsigned number = 1; *text && number <= key->end; number++) {
        const char *end = text + strcspn(text, "\n");
        if (number >= key->line && has_member(text, end, bytes_of(member))) {
            return number;
        }
        text = *end ? end + 1 : end;
    }
    return key->line;
}
