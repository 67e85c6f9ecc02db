/* Through a pipe: the lines that are typed. The terminal's side is seen by eye and in tmux. */
#include "host/cli/chat_screen.h"
#include "tests/unit/unit.h"

static char lines[8][64];
static size_t count;

static void on_line(void *ctx, struct bytes line)
{
    (void)ctx;
    snprintf(lines[count++], sizeof(lines[0]), "%.*s", (int)(line.len < 63 ? line.len : 63),
             line.data);
}

static void on_edited(void *ctx, bool is_empty)
{
    (void)ctx;
    (void)is_empty;
    fail_msg("nobody edits in a pipe");
}

static void on_quit(void *ctx)
{
    (void)ctx;
    fail_msg("a pipe has no keys");
}

static struct screen *piped(void)
{
    struct screen_events events = {NULL, on_line, on_edited, on_quit};
    setenv("TERM", "dumb", 1);
    count = 0;
    return screen_new(&events);
}

TEST(chat_screen, lines_come_whole_however_the_bytes_are_cut)
{
    struct screen *screen = piped();
    const char *typed = "first\nse\xc3\xb6"
                        "cond\r\n\nlast";
    for (size_t i = 0; typed[i]; i++) {
        screen_take(screen, (struct bytes){typed + i, 1});
    }
    assert_int_equal(count, 3);
    screen_take_end(screen);
    assert_int_equal(count, 4);
    assert_string_equal(lines[0], "first");
    assert_string_equal(lines[1], "se\xc3\xb6"
                                  "cond");
    assert_string_equal(lines[2], "");
    assert_string_equal(lines[3], "last");
    screen_free(screen);
}

TEST(chat_screen, control_keys_mean_nothing_in_a_pipe)
{
    struct screen *screen = piped();
    screen_take(screen, BYTES("a\003\004\025b\n"));
    assert_int_equal(count, 1);
    assert_string_equal(lines[0], "a\003\004\025b");
    screen_free(screen);
}

TEST(chat_screen, a_line_that_is_too_long_is_cut)
{
    struct screen *screen = piped();
    for (size_t i = 0; i < SCREEN_LINE_BYTES_MAX + 10; i++) {
        screen_take(screen, BYTES("x"));
    }
    screen_take(screen, BYTES("\n"));
    assert_int_equal(count, 1);
    screen_free(screen);
}

TEST_MAIN
