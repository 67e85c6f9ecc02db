/*
 * Lua's patterns with a budget: a pattern is compiled into items, sets of
 * characters into bitmaps, and every character looked at is a step. Steps are
 * limited and the task's budget is looked at every POLL_STEPS of them.
 */
#ifndef LUA_LIB_MATCH_H
#define LUA_LIB_MATCH_H

#include "lua/cell_private.h"

#define MATCH_PATTERN_MAX 1024       /* bytes */
#define MATCH_SUBJECT_MAX (1U << 20) /* bytes; a plain find has no such limit */
#define MATCH_SETS_MAX 64            /* different ones in a pattern */
#define MATCH_CAPTURES_MAX 32
#define MATCH_DEPTH_MAX 200
#define MATCH_STEPS_MAX 2000000 /* in addition to MATCH_STEPS_A_BYTE */
#define MATCH_STEPS_A_BYTE 16

enum item_kind {
    ITEM_CHAR, /* the first three may repeat */
    ITEM_ANY,
    ITEM_SET,
    ITEM_OPEN,
    ITEM_POSITION,
    ITEM_CLOSE,
    ITEM_BACK,
    ITEM_BALANCE,
    ITEM_FRONTIER,
    ITEM_END,
    ITEM_DONE,
};

struct item {
    uint8_t kind;
    char repeat;  /* 0 or one of * + - ? */
    uint16_t arg; /* the byte, the set, the capture, or two bytes */
};

struct pattern {
    bool anchored;
    uint16_t items_count;
    uint16_t sets_count;
    uint16_t captures_count;
    struct item items[MATCH_PATTERN_MAX + 1];
    uint32_t sets[MATCH_SETS_MAX][8];
};

struct capture {
    const char *start;
    ptrdiff_t len; /* or one of the two below */
};
#define CAPTURE_IS_OPEN (-1)
#define CAPTURE_IS_POSITION (-2)

struct match {
    lua_State *L;
    const struct pattern *pattern;
    const char *subject;
    const char *end;
    int64_t steps_left;
    unsigned poll;
    int depth;
    int captures_count;
    struct capture captures[MATCH_CAPTURES_MAX];
};

/* Before the first pattern; any thread, any number of times. */
void pattern_prepare(void);
/* Raises when it is malformed. With is_gmatch a leading ^ is itself. */
void pattern_compile(lua_State *L, struct pattern *pattern, const char *text, size_t len,
                     bool is_gmatch);
/* The strings must stay on the stack of L. Raises when the subject is too long. */
void match_open(struct match *match, lua_State *L, const struct pattern *pattern,
                const char *subject, size_t len);
/* The end of a match that begins at s, or NULL. */
const char *match_at(struct match *match, const char *s);
/* The same at s or later: *start tells where. */
const char *match_from(struct match *match, const char *s, const char **start);
/* Pushes capture `index`; the whole match is number 0 of a pattern without captures. */
void match_push(struct match *match, int index, const char *start, const char *end);
/* Pushes all captures, or the whole match when there is none; gives their number. */
int match_push_all(struct match *match, const char *start, const char *end);

#endif
