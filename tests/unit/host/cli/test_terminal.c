#include "host/cli/terminal.h"
#include "tests/unit/unit.h"

static void escapes_to(const char *text, const char *expected)
{
    struct buf out;
    buf_open(&out, 4096);
    terminal_escape(&out, bytes_of(text));
    buf_append_char(&out, '\0');
    assert_int_equal(out.err, 0);
    assert_string_equal(out.data, expected);
    buf_close(&out);
}

TEST(terminal, plain_text_of_any_language_stays_as_it_is)
{
    escapes_to("hello", "hello");
    escapes_to("l\xc3\xb6ng \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
               "l\xc3\xb6ng \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
}

TEST(terminal, no_control_character_comes_through)
{
    escapes_to("a\033[2Jb\007\r\n\t\x7f", "a\\u{1b}[2Jb\\u{7}\\u{d}\\n\\t\\u{7f}");
    escapes_to("\xc2\x9b"
               "31m",
               "\\u{9b}31m");
}

TEST(terminal, what_turns_a_line_around_is_shown_instead)
{
    escapes_to("\xe2\x80\xae"
               "evil",
               "\\u{202e}evil");
    escapes_to("\xe2\x81\xa6x", "\\u{2066}x");
}

TEST(terminal, bytes_that_are_not_utf8_become_the_replacement_character)
{
    escapes_to("a\x80"
               "b",
               "a\xef\xbf\xbd"
               "b");
    escapes_to("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    escapes_to("\xf0\x9f", "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(terminal, every_single_byte_is_escaped_without_control_characters)
{
    for (int byte = 1; byte < 256; byte++) {
        char text[2] = {(char)byte, '\0'};
        struct buf out;
        buf_open(&out, 64);
        terminal_escape(&out, bytes_of(text));
        for (size_t i = 0; i < out.len; i++) {
            unsigned char c = (unsigned char)out.data[i];
            assert_true(c >= ' ' && c != 0x7f);
        }
        assert_true(out.len > 0);
        buf_close(&out);
    }
}

TEST(terminal, wide_and_combining_characters_take_their_columns)
{
    assert_int_equal(terminal_width(BYTES("abc")), 3);
    assert_int_equal(terminal_width(bytes_of("\xe6\x97\xa5\xe6\x9c\xac")), 4);
    assert_int_equal(terminal_width(bytes_of("e\xcc\x81")), 1);
    assert_int_equal(terminal_width(BYTES_NONE), 0);
}

TEST_MAIN
