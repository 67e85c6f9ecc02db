#include "host/base/buf.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "tests/unit/unit.h"

TEST(buf, first_failure_sticks_until_it_is_cleared)
{
    struct buf buf;
    buf_open(&buf, 4);
    assert_int_equal(buf_append_text(&buf, "abc"), 0);
    assert_int_equal(buf_append_text(&buf, "de"), ERR_TOO_LARGE);
    assert_int_equal(buf_append_char(&buf, 'd'), ERR_TOO_LARGE);
    assert_true(bytes_equal_text(buf_bytes(&buf), "abc"));
    buf_clear(&buf);
    assert_int_equal(buf_append_text(&buf, "abcd"), 0);
    assert_int_equal(buf_append(&buf, BYTES_NONE), 0);
    buf_close(&buf);
}

TEST(buf, exactly_bytes_max_fits_whatever_is_appended)
{
    struct buf buf;
    buf_open(&buf, 3);
    assert_int_equal(buf_append_format(&buf, "%s", "abc"), 0);
    assert_int_equal(buf_append_char(&buf, 'd'), ERR_TOO_LARGE);
    buf_clear(&buf);
    assert_int_equal(buf_append_format(&buf, "%d", 1000), ERR_TOO_LARGE);
    buf_close(&buf);
}

TEST(buf, integers_are_written_to_both_ends_of_their_range)
{
    struct buf buf;
    buf_open(&buf, 64);
    buf_append_integer(&buf, INT64_MIN);
    buf_append_char(&buf, ' ');
    buf_append_integer(&buf, INT64_MAX);
    buf_append_char(&buf, ' ');
    buf_append_integer(&buf, 0);
    assert_true(bytes_equal_text(buf_bytes(&buf), "-9223372036854775808 9223372036854775807 0"));
    buf_close(&buf);
}

TEST(buf, long_formats_are_written_whole)
{
    struct buf buf;
    buf_open(&buf, 4096);
    assert_int_equal(buf_append_format(&buf, "%1000d", 7), 0);
    assert_int_equal(buf.len, 1000);
    assert_int_equal(buf.data[999], '7');
    buf_close(&buf);
}

TEST(buf, no_memory_leaves_what_was_there)
{
    struct buf buf;
    buf_open(&buf, 4096);
    buf_append_text(&buf, "abc");
    mem_fault_after(1);
    assert_null(buf_reserve(&buf, 1000));
    assert_int_equal(buf.err, ERR_NOMEM);
    assert_true(bytes_equal_text(buf_bytes(&buf), "abc"));
    buf_close(&buf);
    mem_fault_after(0);
}

TEST_MAIN
