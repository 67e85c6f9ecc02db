#include "lua/lib_match.h"

#include <string.h>

static const char *match_items(struct match *m, const char *s, const struct item *item);

void match_open(struct match *match, lua_State *L, const struct pattern *pattern,
                const char *subject, size_t len)
{
    if (len > MATCH_SUBJECT_MAX) {
        luaL_error(L, "string too long for a pattern (%d bytes at most)", MATCH_SUBJECT_MAX);
    }
    match->L = L;
    match->pattern = pattern;
    match->subject = subject;
    match->end = subject + len;
    match->steps_left = MATCH_STEPS_MAX + (int64_t)len * MATCH_STEPS_A_BYTE;
    match->poll = 0;
    match->depth = 0;
    match->captures_count = 0;
}

static void count_steps(struct match *m, ptrdiff_t steps)
{
    m->steps_left -= steps;
    m->poll += (unsigned)steps;
    if (m->steps_left < 0) {
        luaL_error(m->L, "the pattern takes too many steps on this string");
    }
    if (m->poll >= POLL_STEPS) {
        m->poll = 0;
        budget_check(m->L);
    }
}

static bool set_has(const struct match *m, unsigned set, unsigned char byte)
{
    return m->pattern->sets[set][byte >> 5] >> (byte & 31) & 1;
}

static bool single(const struct match *m, const char *s, const struct item *item)
{
    if (s >= m->end) {
        return false;
    }
    unsigned char byte = (unsigned char)*s;
    switch (item->kind) {
    case ITEM_CHAR:
        return byte == item->arg;
    case ITEM_ANY:
        return true;
    default:
        return set_has(m, item->arg, byte);
    }
}

/* As many as possible, then fewer and fewer. */
static const char *match_longest(struct match *m, const char *s, const struct item *item)
{
    ptrdiff_t count = 0;
    if (item->kind == ITEM_ANY) {
        count = m->end - s;
    } else {
        while (single(m, s + count, item)) {
            count++;
        }
        count_steps(m, count + 1);
    }
    for (; count >= 0; count--) {
        const char *end = match_items(m, s + count, item + 1);
        if (end != NULL) {
            return end;
        }
    }
    return NULL;
}

static const char *match_shortest(struct match *m, const char *s, const struct item *item)
{
    for (;;) {
        const char *end = match_items(m, s, item + 1);
        if (end != NULL) {
            return end;
        }
        if (!single(m, s, item)) {
            return NULL;
        }
        s++;
    }
}

static const char *match_open_capture(struct match *m, const char *s, const struct item *item)
{
    bool is_position = item->kind == ITEM_POSITION;
    m->captures[m->captures_count++] =
        (struct capture){s, is_position ? CAPTURE_IS_POSITION : CAPTURE_IS_OPEN};
    const char *end = match_items(m, s, item + 1);
    if (end == NULL) {
        m->captures_count--;
    }
    return end;
}

static const char *match_close_capture(struct match *m, const char *s, const struct item *item)
{
    struct capture *capture = &m->captures[item->arg];
    capture->len = s - capture->start;
    const char *end = match_items(m, s, item + 1);
    if (end == NULL) {
        capture->len = CAPTURE_IS_OPEN;
    }
    return end;
}

/* The next place after an earlier capture's text, a balanced run or a frontier; or NULL. */
static const char *match_back(struct match *m, const char *s, const struct item *item)
{
    const struct capture *capture = &m->captures[item->arg];
    if (capture->len < 0) {
        luaL_error(m->L, "invalid capture index %%%d", item->arg + 1);
    }
    if (capture->len > m->end - s || memcmp(capture->start, s, (size_t)capture->len) != 0) {
        return NULL;
    }
    count_steps(m, capture->len);
    return s + capture->len;
}

static const char *match_balance(struct match *m, const char *s, const struct item *item)
{
    unsigned char open = (unsigned char)(item->arg & 0xff);
    unsigned char close = (unsigned char)(item->arg >> 8);
    if (s >= m->end || (unsigned char)*s != open) {
        return NULL;
    }
    size_t depth = 1;
    for (const char *at = s + 1; at < m->end; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == close) {
            if (--depth == 0) {
                count_steps(m, at - s);
                return at + 1;
            }
        } else {
            depth += byte == open;
        }
    }
    count_steps(m, m->end - s);
    return NULL;
}

static const char *match_frontier(struct match *m, const char *s, const struct item *item)
{
    unsigned char before = s == m->subject ? 0 : (unsigned char)s[-1];
    unsigned char after = s == m->end ? 0 : (unsigned char)*s;
    return !set_has(m, item->arg, before) && set_has(m, item->arg, after) ? s : NULL;
}

/* One item that is followed by the next without any choice; NULL when it fails. */
static const char *match_one(struct match *m, const char *s, const struct item *item)
{
    switch (item->kind) {
    case ITEM_BACK:
        return match_back(m, s, item);
    case ITEM_BALANCE:
        return match_balance(m, s, item);
    case ITEM_FRONTIER:
        return match_frontier(m, s, item);
    case ITEM_END:
        return s == m->end ? s : NULL;
    default:
        return single(m, s, item) ? s + 1 : NULL;
    }
}

/* What needs to come back for another try recurses; the rest is a loop. */
static const char *match_choice(struct match *m, const char *s, const struct item *item)
{
    switch (item->kind) {
    case ITEM_OPEN:
    case ITEM_POSITION:
        return match_open_capture(m, s, item);
    case ITEM_CLOSE:
        return match_close_capture(m, s, item);
    default:
        break;
    }
    switch (item->repeat) {
    case '*':
        return match_longest(m, s, item);
    case '+':
        return single(m, s, item) ? match_longest(m, s + 1, item) : NULL;
    case '-':
        return match_shortest(m, s, item);
    default: {
        const char *end = single(m, s, item) ? match_items(m, s + 1, item + 1) : NULL;
        return end != NULL ? end : match_items(m, s, item + 1);
    }
    }
}

static const char *match_items(struct match *m, const char *s, const struct item *item)
{
    if (++m->depth > MATCH_DEPTH_MAX) {
        luaL_error(m->L, "pattern too complex");
    }
    count_steps(m, 1);
    while (s != NULL && item->kind != ITEM_DONE) {
        bool is_choice = item->repeat || (item->kind >= ITEM_OPEN && item->kind <= ITEM_CLOSE);
        if (is_choice) {
            s = match_choice(m, s, item);
            break;
        }
        s = match_one(m, s, item++);
    }
    m->depth--;
    return s;
}

const char *match_at(struct match *match, const char *s)
{
    match->captures_count = 0;
    match->depth = 0;
    return match_items(match, s, match->pattern->items);
}

const char *match_from(struct match *match, const char *s, const char **start)
{
    const struct item *first = match->pattern->items;
    bool is_literal = first->kind == ITEM_CHAR && first->repeat == 0;
    do {
        if (is_literal && !match->pattern->anchored) { /* on to where it can begin */
            s = memchr(s, first->arg, (size_t)(match->end - s));
            if (s == NULL) {
                return NULL;
            }
        }
        const char *end = match_at(match, s);
        if (end != NULL) {
            *start = s;
            return end;
        }
    } while (s++ < match->end && !match->pattern->anchored);
    return NULL;
}

void match_push(struct match *match, int index, const char *start, const char *end)
{
    if (index >= match->captures_count) {
        if (index != 0) {
            luaL_error(match->L, "invalid capture index %%%d", index + 1);
        }
        lua_pushlstring(match->L, start, (size_t)(end - start));
        return;
    }
    const struct capture *capture = &match->captures[index];
    if (capture->len == CAPTURE_IS_POSITION) {
        lua_pushinteger(match->L, capture->start - match->subject + 1);
    } else {
        lua_pushlstring(match->L, capture->start, (size_t)capture->len);
    }
}

int match_push_all(struct match *match, const char *start, const char *end)
{
    int count = match->captures_count > 0 ? match->captures_count : 1;
    luaL_checkstack(match->L, count, "too many captures");
    for (int i = 0; i < count; i++) {
        match_push(match, i, start, end);
    }
    return count;
}
