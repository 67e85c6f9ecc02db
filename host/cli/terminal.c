#include "host/cli/terminal.h"

#include "host/base/err.h"
#include "host/base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define REPLACEMENT 0xfffdU

/* ---- asking ---- */

/* Byte by byte, so that what follows the line stays in the input for others. */
static int read_line(int fd, char *out, size_t size)
{
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 && len == 0) {
            return ERR_CLOSED;
        }
        if (got <= 0 || c == '\n') {
            break;
        }
        if (len + 1 == size) {
            return ERR_TOO_LARGE;
        }
        out[len++] = c;
    }
    if (len > 0 && out[len - 1] == '\r') {
        len--;
    }
    out[len] = '\0';
    return 0;
}

int terminal_secret(const char *question, char out[SECRET_BYTES_MAX])
{
    struct termios before;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s: ", question);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    int err = read_line(STDIN_FILENO, out, SECRET_BYTES_MAX);
    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return err;
}

bool terminal_has_input(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return isatty(STDIN_FILENO) || poll(&input, 1, TERMINAL_WAIT_MS) > 0;
}

int terminal_secret_file(const char *path, char out[SECRET_BYTES_MAX])
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    int err = fstat(fd, &info) != 0 ? err_from_errno(errno) : 0;
    if (!err && S_ISREG(info.st_mode) && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        err = ERR_DENIED;
    }
    if (!err) {
        err = read_line(fd, out, SECRET_BYTES_MAX);
    }
    (void)close(fd);
    return err;
}

bool terminal_agrees(const char *question)
{
    char answer[64];
    fprintf(stderr, "%s [y/N] ", question);
    int err = read_line(STDIN_FILENO, answer, sizeof(answer));
    return !err && (answer[0] == 'y' || answer[0] == 'Y');
}

/* ---- showing ---- */

size_t terminal_decode(struct bytes text, uint32_t *code_point)
{
    static const uint32_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned char first = (unsigned char)text.data[0];
    size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    *code_point = REPLACEMENT;
    if (len > text.len || !utf8_is_valid((struct bytes){text.data, len})) {
        return 1;
    }
    uint32_t value = first & first_bits[len];
    for (size_t i = 1; i < len; i++) {
        value = value << 6 | ((unsigned char)text.data[i] & 0x3fU);
    }
    *code_point = value;
    return len;
}

static bool is_in(uint32_t c, const uint32_t (*ranges)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

/* Moves the cursor, changes the terminal, or turns the line around. */
static bool is_trick(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},
        {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
    };
    return is_in(c, ranges, sizeof(ranges) / sizeof(ranges[0]));
}

void terminal_escape(struct buf *out, struct bytes text)
{
    while (text.len > 0) {
        uint32_t c;
        size_t len = terminal_decode(text, &c);
        if (c == '\n') {
            buf_append_text(out, "\\n");
        } else if (c == '\t') {
            buf_append_text(out, "\\t");
        } else if (is_trick(c)) {
            buf_append_format(out, "\\u{%x}", c);
        } else if (c == REPLACEMENT) {
            buf_append_text(out, "\xef\xbf\xbd");
        } else {
            buf_append(out, (struct bytes){text.data, len});
        }
        text.data += len;
        text.len -= len;
    }
}

size_t terminal_columns(uint32_t c)
{
    static const uint32_t combining[][2] = {
        {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
        {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    };
    static const uint32_t wide[][2] = {
        {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
        {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
    };
    if (is_in(c, combining, sizeof(combining) / sizeof(combining[0]))) {
        return 0;
    }
    return is_in(c, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

size_t terminal_width(struct bytes text)
{
    size_t width = 0;
    while (text.len > 0) {
        uint32_t c;
        size_t len = terminal_decode(text, &c);
        width += terminal_columns(c);
        text.data += len;
        text.len -= len;
    }
    return width;
}
