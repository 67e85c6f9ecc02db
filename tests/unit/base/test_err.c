#include "host/base/err.h"
#include "tests/unit/unit.h"

#include <errno.h>

TEST(err, every_code_has_its_name_and_a_text)
{
    for (int err = -25; err < 0; err++) {
        assert_int_equal(strncmp(err_name(err), "ERR_", 4), 0);
        assert_string_not_equal(err_name(err), "ERR_UNKNOWN");
        assert_string_not_equal(err_text(err), "unknown error");
    }
    assert_string_equal(err_name(ERR_FULL), "ERR_FULL");
    assert_string_equal(err_text(ERR_FULL), "queue is full");
    assert_string_equal(err_name(1), "ERR_UNKNOWN");
}

TEST(err, errno_becomes_the_code_that_says_what_to_do)
{
    assert_int_equal(err_from_errno(0), 0);
    assert_int_equal(err_from_errno(ENOSPC), ERR_DISK_FULL);
    assert_int_equal(err_from_errno(EROFS), ERR_READ_ONLY);
    assert_int_equal(err_from_errno(ENOENT), ERR_NOT_FOUND);
    assert_int_equal(err_from_errno(EIO), ERR_IO);
    assert_int_equal(err_from_errno(123456), ERR_IO);
}

TEST_MAIN
