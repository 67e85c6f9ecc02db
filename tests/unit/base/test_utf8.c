#include "host/base/utf8.h"
#include "tests/unit/unit.h"

TEST(utf8, only_rfc_3629_is_valid)
{
    static const char *const good[] = {"",
                                       "plain ascii text",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xc2",
        "\xc2 ",        "\xe0\x9f\xbf",     "\xe1\x80",         "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "12345678\xbf",     "\xf0\x90\x80"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(utf8_is_valid(bytes_of(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(utf8_is_valid(bytes_of(bad[i])));
    }
}

TEST(utf8, every_code_point_is_encoded_as_one_valid_sequence)
{
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }
        char out[4];
        struct bytes text = {out, utf8_encode(out, c)};
        if (!utf8_is_valid(text) || utf8_count(text) != 1) {
            fail_msg("U+%04X", c);
        }
    }
}

TEST_MAIN
