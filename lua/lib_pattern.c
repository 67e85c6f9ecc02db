/* Compiles patterns; see lib_match.h. */
#include "host/base/check.h"
#include "lua/lib_match.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

struct reader {
    lua_State *L;
    struct pattern *pattern;
    const unsigned char *at;
    const unsigned char *end;
    uint16_t class_sets[256]; /* set + 1 of a class letter that was used before */
    int open[MATCH_CAPTURES_MAX];
    int open_count;
    int closed[MATCH_CAPTURES_MAX];
};

static void set_add(uint32_t *set, unsigned byte)
{
    set[byte >> 5] |= 1U << (byte & 31);
}

/* 1 or 0 for a class letter, -1 for any other. */
static int class_has(int letter, int byte)
{
    bool in;
    switch (tolower(letter)) {
    case 'a':
        in = isalpha(byte);
        break;
    case 'c':
        in = iscntrl(byte);
        break;
    case 'd':
        in = isdigit(byte);
        break;
    case 'g':
        in = isgraph(byte);
        break;
    case 'l':
        in = islower(byte);
        break;
    case 'p':
        in = ispunct(byte);
        break;
    case 's':
        in = isspace(byte);
        break;
    case 'u':
        in = isupper(byte);
        break;
    case 'w':
        in = isalnum(byte);
        break;
    case 'x':
        in = isxdigit(byte);
        break;
    case 'z':
        in = byte == 0;
        break;
    default:
        return -1;
    }
    return isupper(letter) ? !in : in;
}

/* The bitmaps of the class letters, made once: the process stays in the C locale. */
static uint32_t class_bits[256][8];
static pthread_once_t class_once = PTHREAD_ONCE_INIT;

static void make_classes(void)
{
    for (int letter = 0; letter < 256; letter++) {
        for (int byte = 0; byte < 256 && class_has(letter, 0) >= 0; byte++) {
            if (class_has(letter, byte)) {
                set_add(class_bits[letter], (unsigned)byte);
            }
        }
    }
}

void pattern_prepare(void)
{
    CHECK(pthread_once(&class_once, make_classes) == 0);
}

static void set_add_class(uint32_t *set, int letter)
{
    if (class_has(letter, 0) < 0) {
        set_add(set, (unsigned)letter);
        return;
    }
    for (int i = 0; i < 8; i++) {
        set[i] |= class_bits[letter][i];
    }
}

static uint16_t set_new(struct reader *r)
{
    if (r->pattern->sets_count == MATCH_SETS_MAX) {
        luaL_error(r->L, "pattern too complex (more than %d sets)", MATCH_SETS_MAX);
    }
    memset(r->pattern->sets[r->pattern->sets_count], 0, sizeof(r->pattern->sets[0]));
    return r->pattern->sets_count++;
}

static void add(struct reader *r, enum item_kind kind, unsigned arg)
{
    struct item *item = &r->pattern->items[r->pattern->items_count++];
    *item = (struct item){(uint8_t)kind, 0, (uint16_t)arg};
    if (kind <= ITEM_SET && r->at < r->end && strchr("*+-?", *r->at) != NULL && *r->at != '\0') {
        item->repeat = (char)*r->at++;
    }
}

/* After the '['. */
static uint16_t read_set(struct reader *r)
{
    uint16_t index = set_new(r);
    uint32_t *set = r->pattern->sets[index];
    bool negated = r->at < r->end && *r->at == '^';
    r->at += negated;
    bool first = true;
    for (; first || r->at >= r->end || *r->at != ']'; first = false) {
        if (r->at >= r->end) {
            luaL_error(r->L, "malformed pattern (missing ']')");
        }
        unsigned byte = *r->at++;
        if (byte == '%' && r->at < r->end) {
            set_add_class(set, *r->at++);
        } else if (r->end - r->at >= 2 && r->at[0] == '-' && r->at[1] != ']') {
            for (unsigned c = byte; c <= r->at[1]; c++) {
                set_add(set, c);
            }
            r->at += 2;
        } else {
            set_add(set, byte);
        }
    }
    r->at++;
    for (int i = 0; negated && i < 8; i++) {
        set[i] = ~set[i];
    }
    return index;
}

static void read_class(struct reader *r, unsigned letter)
{
    if (class_has((int)letter, 0) < 0) {
        add(r, ITEM_CHAR, letter);
        return;
    }
    if (r->class_sets[letter] == 0) {
        uint16_t index = set_new(r);
        set_add_class(r->pattern->sets[index], (int)letter);
        r->class_sets[letter] = (uint16_t)(index + 1);
    }
    add(r, ITEM_SET, r->class_sets[letter] - 1U);
}

static void read_escape(struct reader *r)
{
    if (r->at >= r->end) {
        luaL_error(r->L, "malformed pattern (ends with '%%')");
    }
    unsigned letter = *r->at++;
    if (letter == 'b') {
        if (r->end - r->at < 2) {
            luaL_error(r->L, "malformed pattern (missing arguments to '%%b')");
        }
        r->at += 2;
        add(r, ITEM_BALANCE, r->at[-2] | (unsigned)r->at[-1] << 8);
    } else if (letter == 'f') {
        if (r->at >= r->end || *r->at != '[') {
            luaL_error(r->L, "missing '[' after '%%f' in pattern");
        }
        r->at++;
        uint16_t set = read_set(r);
        add(r, ITEM_FRONTIER, set);
    } else if (isdigit((int)letter)) {
        unsigned index = letter - '1';
        if (letter == '0' || index >= r->pattern->captures_count || !r->closed[index]) {
            luaL_error(r->L, "invalid capture index %%%d", (int)letter - '0');
        }
        add(r, ITEM_BACK, index);
    } else {
        read_class(r, letter);
    }
}

static void read_open(struct reader *r)
{
    if (r->pattern->captures_count == MATCH_CAPTURES_MAX) {
        luaL_error(r->L, "too many captures");
    }
    int index = r->pattern->captures_count++;
    if (r->at < r->end && *r->at == ')') {
        r->at++;
        r->closed[index] = 1;
        add(r, ITEM_POSITION, 0);
        return;
    }
    r->open[r->open_count++] = index;
    add(r, ITEM_OPEN, 0);
}

static void read_close(struct reader *r)
{
    if (r->open_count == 0) {
        luaL_error(r->L, "invalid pattern capture");
    }
    int index = r->open[--r->open_count];
    r->closed[index] = 1;
    add(r, ITEM_CLOSE, (unsigned)index);
}

static void read_item(struct reader *r)
{
    unsigned byte = *r->at++;
    switch (byte) {
    case '(':
        read_open(r);
        break;
    case ')':
        read_close(r);
        break;
    case '%':
        read_escape(r);
        break;
    case '.':
        add(r, ITEM_ANY, 0);
        break;
    case '[': {
        uint16_t set = read_set(r);
        add(r, ITEM_SET, set);
        break;
    }
    case '$':
        if (r->at == r->end) {
            add(r, ITEM_END, 0);
            break;
        }
        add(r, ITEM_CHAR, byte);
        break;
    default:
        add(r, ITEM_CHAR, byte);
    }
}

void pattern_compile(lua_State *L, struct pattern *pattern, const char *text, size_t len,
                     bool is_gmatch)
{
    if (len > MATCH_PATTERN_MAX) {
        luaL_error(L, "pattern too long (%d bytes at most)", MATCH_PATTERN_MAX);
    }
    struct reader reader;
    memset(&reader, 0, sizeof(reader));
    reader.L = L;
    reader.pattern = pattern;
    reader.at = (const unsigned char *)text;
    reader.end = reader.at + len;
    pattern->items_count = pattern->sets_count = pattern->captures_count = 0;
    pattern->anchored = !is_gmatch && len > 0 && text[0] == '^';
    reader.at += pattern->anchored;
    while (reader.at < reader.end) {
        read_item(&reader);
    }
    if (reader.open_count > 0) {
        luaL_error(L, "unfinished capture");
    }
    add(&reader, ITEM_DONE, 0);
}
