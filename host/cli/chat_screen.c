#include "host/cli/chat_screen.h"

#include "host/base/mem.h"
#include "host/cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define COLUMNS_OTHERWISE 80
#define COLUMNS_MIN 20
#define PROMPT_BYTES_MAX 512
#define OUT_BYTES_MAX (1U << 20)
#define ESCAPE_BYTES_MAX 16

enum {
    CTRL_A = 1,
    CTRL_C = 3,
    CTRL_D = 4,
    CTRL_E = 5,
    BACKSPACE = 8,
    CTRL_K = 11,
    CTRL_U = 21,
    CTRL_W = 23,
    ESCAPE = 27,
    DELETE = 127
};

struct screen {
    struct screen_events events;
    bool is_terminal;
    struct buf prompt;
    char line[SCREEN_LINE_BYTES_MAX];
    size_t len;
    size_t cursor; /* a byte of line, at the start of a code point */
    char escape[ESCAPE_BYTES_MAX];
    size_t escape_len;   /* of a sequence that has begun */
    bool can_print_over; /* the last line took one row */
};

static struct termios before;
static volatile bool is_raw;

void screen_restore(void)
{
    if (is_raw) {
        is_raw = false;
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    }
}

static void make_raw(void)
{
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | INLCR);
    raw.c_iflag |= ICRNL;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

struct screen *screen_new(const struct screen_events *events)
{
    struct screen *screen = mem_alloc(sizeof(*screen));
    const char *kind = getenv("TERM");
    screen->events = *events;
    buf_open(&screen->prompt, PROMPT_BYTES_MAX);
    bool can = kind && kind[0] && strcmp(kind, "dumb") != 0;
    screen->is_terminal = can && isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (screen->is_terminal) {
        make_raw();
        screen->is_terminal = is_raw;
    }
    return screen;
}

/* ---- drawing ---- */

static void write_out(struct buf *out)
{
    struct bytes rest = buf_bytes(out);
    while (rest.len > 0) {
        ssize_t written = write(STDOUT_FILENO, rest.data, rest.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            break; /* nobody reads any more: there is nothing to tell him */
        }
        rest.data += written;
        rest.len -= (size_t)written;
    }
    buf_close(out);
}

static size_t columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return COLUMNS_OTHERWISE;
    }
    return size.ws_col > COLUMNS_MIN ? size.ws_col : COLUMNS_MIN;
}

/* The byte where the shown part begins, so that the cursor is inside `room` columns. */
static size_t first_shown(const struct screen *screen, size_t room)
{
    size_t from = 0;
    while (terminal_width((struct bytes){screen->line + from, screen->cursor - from}) > room) {
        uint32_t c;
        from += terminal_decode((struct bytes){screen->line + from, screen->len - from}, &c);
    }
    return from;
}

static size_t end_shown(const struct screen *screen, size_t from, size_t room)
{
    size_t to = from;
    size_t width = 0;
    while (to < screen->len) {
        uint32_t c;
        size_t len = terminal_decode((struct bytes){screen->line + to, screen->len - to}, &c);
        width += terminal_columns(c);
        if (width > room) {
            break;
        }
        to += len;
    }
    return to;
}

static void draw(const struct screen *screen, struct buf *out)
{
    if (!screen->is_terminal) {
        return;
    }
    size_t prompt = terminal_width(buf_bytes(&screen->prompt));
    size_t width = columns();
    size_t room = prompt + COLUMNS_MIN / 2 < width ? width - prompt - 1 : COLUMNS_MIN / 2;
    size_t from = first_shown(screen, room);
    size_t to = end_shown(screen, from, room);
    buf_append_text(out, "\r\033[K");
    buf_append(out, buf_bytes(&screen->prompt));
    buf_append(out, (struct bytes){screen->line + from, to - from});
    size_t back =
        terminal_width((struct bytes){screen->line + screen->cursor, to - screen->cursor});
    if (back > 0) {
        buf_append_format(out, "\033[%zuD", back);
    }
}

static void redraw(const struct screen *screen)
{
    struct buf out;
    buf_open(&out, OUT_BYTES_MAX);
    draw(screen, &out);
    write_out(&out);
}

/* Without our own colours, which take no column. */
static size_t visible_width(struct bytes line)
{
    size_t width = 0;
    while (line.len > 0) {
        uint32_t c;
        size_t len = 1;
        if (line.data[0] == '\033') {
            while (len < line.len && line.data[len - 1] != 'm') {
                len++;
            }
        } else {
            len = terminal_decode(line, &c);
            width += terminal_columns(c);
        }
        line.data += len;
        line.len -= len;
    }
    return width;
}

static void print(struct screen *screen, struct bytes line, const char *before_it)
{
    struct buf out;
    buf_open(&out, OUT_BYTES_MAX);
    buf_append_text(&out, before_it);
    buf_append(&out, line);
    buf_append_char(&out, '\n');
    draw(screen, &out);
    write_out(&out);
    screen->can_print_over = screen->is_terminal && visible_width(line) < columns();
}

void screen_print(struct screen *screen, struct bytes line)
{
    print(screen, line, screen->is_terminal ? "\r\033[K" : "");
}

bool screen_print_over(struct screen *screen, struct bytes line)
{
    if (!screen->can_print_over) {
        return false;
    }
    print(screen, line, "\r\033[K\033[A\033[K");
    return true;
}

void screen_prompt(struct screen *screen, struct bytes prompt)
{
    buf_clear(&screen->prompt);
    buf_append(&screen->prompt, prompt);
    redraw(screen);
}

bool screen_is_terminal(const struct screen *screen)
{
    return screen->is_terminal;
}

void screen_free(struct screen *screen)
{
    if (screen->is_terminal) {
        struct buf out;
        buf_open(&out, OUT_BYTES_MAX);
        buf_append_text(&out, "\r\033[K");
        write_out(&out);
    }
    screen_restore();
    buf_close(&screen->prompt);
    explicit_bzero(screen->line, sizeof(screen->line));
    mem_free(screen);
}

/* ---- editing ---- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t step_left(const struct screen *screen)
{
    size_t at = screen->cursor;
    while (at > 0 && is_continuation(screen->line[--at])) {
    }
    return at;
}

static size_t step_right(const struct screen *screen)
{
    size_t at = screen->cursor;
    if (at < screen->len) {
        at++;
    }
    while (at < screen->len && is_continuation(screen->line[at])) {
        at++;
    }
    return at;
}

static void cut(struct screen *screen, size_t from, size_t to)
{
    memmove(screen->line + from, screen->line + to, screen->len - to);
    screen->len -= to - from;
    screen->cursor = from;
}

static size_t word_start(const struct screen *screen)
{
    size_t at = screen->cursor;
    while (at > 0 && screen->line[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && screen->line[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void insert(struct screen *screen, char c)
{
    if (screen->len == sizeof(screen->line)) {
        return;
    }
    memmove(screen->line + screen->cursor + 1, screen->line + screen->cursor,
            screen->len - screen->cursor);
    screen->line[screen->cursor++] = c;
    screen->len++;
}

static void enter(struct screen *screen)
{
    char line[SCREEN_LINE_BYTES_MAX];
    size_t len = screen->len;
    memcpy(line, screen->line, len);
    screen->len = 0;
    screen->cursor = 0;
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    screen->events.line(screen->events.ctx, (struct bytes){line, len});
}

/* A key's sequence is complete: the arrows, Home, End, Delete; others do nothing. */
static void do_escape(struct screen *screen)
{
    char last = screen->escape[screen->escape_len - 1];
    bool is_tilde = last == '~' && screen->escape_len == 4;
    char number = is_tilde ? screen->escape[2] : '\0';
    if (last == 'C') {
        screen->cursor = step_right(screen);
    } else if (last == 'D') {
        screen->cursor = step_left(screen);
    } else if (last == 'H' || number == '1' || number == '7') {
        screen->cursor = 0;
    } else if (last == 'F' || number == '4' || number == '8') {
        screen->cursor = screen->len;
    } else if (number == '3') {
        cut(screen, screen->cursor, step_right(screen));
    }
    screen->escape_len = 0;
}

static void take_escape(struct screen *screen, char c)
{
    screen->escape[screen->escape_len++] = c;
    bool is_introducer = screen->escape_len == 2 && (c == '[' || c == 'O');
    if (screen->escape_len == ESCAPE_BYTES_MAX || (screen->escape_len == 2 && !is_introducer)) {
        screen->escape_len = 0;
    } else if (screen->escape_len > 2 && c >= '@' && c <= '~') {
        do_escape(screen);
    }
}

static void take_control(struct screen *screen, char c)
{
    switch (c) {
    case CTRL_A:
        screen->cursor = 0;
        break;
    case CTRL_E:
        screen->cursor = screen->len;
        break;
    case CTRL_K:
        screen->len = screen->cursor;
        break;
    case CTRL_U:
        cut(screen, 0, screen->cursor);
        break;
    case CTRL_W:
        cut(screen, word_start(screen), screen->cursor);
        break;
    case BACKSPACE:
    case DELETE:
        cut(screen, step_left(screen), screen->cursor);
        break;
    case CTRL_C:
        screen->events.quit(screen->events.ctx);
        break;
    case CTRL_D:
        if (screen->len == 0) {
            screen->events.quit(screen->events.ctx);
        }
        break;
    default:
        break;
    }
}

static void take_key(struct screen *screen, char c)
{
    if (screen->escape_len > 0) {
        take_escape(screen, c);
    } else if (c == ESCAPE) {
        screen->escape[screen->escape_len++] = c;
    } else if (c == '\t') {
        insert(screen, ' ');
    } else if ((unsigned char)c < ' ' || c == DELETE) {
        take_control(screen, c);
    } else {
        insert(screen, c);
    }
}

void screen_take(struct screen *screen, struct bytes typed)
{
    bool had_text = screen->len > 0;
    bool was_edited = false;
    for (size_t i = 0; i < typed.len; i++) {
        char c = typed.data[i];
        if (c == '\n') {
            enter(screen);
            was_edited = false;
            had_text = false;
        } else if (screen->is_terminal) {
            take_key(screen, c);
            was_edited = true;
        } else {
            screen->cursor = screen->len;
            insert(screen, c);
        }
    }
    if (screen->is_terminal) {
        if (was_edited && (screen->len > 0 || had_text)) {
            screen->events.edited(screen->events.ctx, screen->len == 0);
        }
        redraw(screen);
    }
}

void screen_take_end(struct screen *screen)
{
    if (screen->len > 0) {
        enter(screen);
    }
}
