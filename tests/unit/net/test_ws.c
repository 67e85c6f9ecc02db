#include "host/base/err.h"
#include "host/net/ws.h"
#include "tests/unit/unit.h"

static int read_bytes(struct ws_header *out, const unsigned char *data, size_t len)
{
    return ws_read_header(out, (struct bytes){(const char *)data, len}, false);
}
#define READ(out, ...)                                                                             \
    read_bytes((out), (const unsigned char[]){__VA_ARGS__},                                        \
               sizeof((const unsigned char[]){__VA_ARGS__}))

TEST(ws, a_header_is_truncated_until_its_last_byte)
{
    static const unsigned char header[] = {0x81, 0xfe, 1, 0, 9, 8, 7, 6};
    struct ws_header out;
    for (size_t len = 0; len < sizeof(header); len++) {
        assert_int_equal(read_bytes(&out, header, len), ERR_TRUNCATED);
    }
    assert_int_equal(read_bytes(&out, header, sizeof(header)), 0);
    assert_true(out.is_final);
    assert_int_equal(out.opcode, 1);
    assert_int_equal(out.payload_len, 256);
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.mask, header + 4, 4);
}

TEST(ws, what_the_rfc_forbids_is_refused_at_its_second_byte)
{
    struct ws_header out;
    assert_int_equal(READ(&out, 0x81, 0x01), ERR_SYNTAX); /* no mask */
    assert_int_equal(READ(&out, 0xc1, 0x81), ERR_SYNTAX); /* RSV1 without compression */
    assert_int_equal(READ(&out, 0xa1, 0x81), ERR_SYNTAX); /* RSV2 */
    assert_int_equal(READ(&out, 0x91, 0x81), ERR_SYNTAX); /* RSV3 */
    assert_int_equal(READ(&out, 0x83, 0x81), ERR_SYNTAX); /* opcode 3 */
    assert_int_equal(READ(&out, 0x8b, 0x81), ERR_SYNTAX); /* opcode 11 */
    assert_int_equal(READ(&out, 0x09, 0x81), ERR_SYNTAX); /* a ping in fragments */
    assert_int_equal(READ(&out, 0x89, 0xfe), ERR_SYNTAX); /* a long ping */
}

TEST(ws, a_length_must_have_the_shortest_form_and_no_sign)
{
    struct ws_header out;
    assert_int_equal(READ(&out, 0x81, 0xfe, 0, 125, 0, 0, 0, 0), ERR_SYNTAX);
    assert_int_equal(READ(&out, 0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0), ERR_SYNTAX);
    assert_int_equal(READ(&out, 0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), ERR_SYNTAX);
    assert_int_equal(READ(&out, 0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), 0);
    assert_int_equal(out.payload_len, 65536);
}

TEST(ws, the_mask_comes_off_whatever_the_length)
{
    static const unsigned char mask[4] = {1, 2, 4, 8};
    for (size_t len = 0; len < 40; len++) {
        char data[40];
        for (size_t i = 0; i < len; i++) {
            data[i] = (char)('a' ^ mask[i % 4]);
        }
        ws_unmask(data, len, mask);
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(data[i], 'a');
        }
    }
}

TEST(ws, a_close_frame_is_answered_with_its_code_or_with_what_is_wrong)
{
    struct bytes reason;
    assert_int_equal(ws_read_close(BYTES_NONE, &reason), 1000);
    assert_int_equal(ws_read_close(BYTES("\x03"), &reason), 1002);
    assert_int_equal(ws_read_close(BYTES("\x03\xe9gone"), &reason), 1001);
    assert_true(bytes_equal_text(reason, "gone"));
    assert_int_equal(ws_read_close(BYTES("\x03\xe8\xff"), &reason), 1007);
    assert_int_equal(ws_read_close(BYTES("\x03\xed"), &reason), 1002); /* 1005 */
    assert_int_equal(ws_read_close(BYTES("\x13\x88"), &reason), 1002); /* 5000 */
    assert_int_equal(ws_read_close(BYTES("\x0f\xa0"), &reason), 4000);
}

TEST(ws, the_accept_key_is_the_one_of_the_rfc)
{
    char accept[29];
    assert_true(ws_is_key("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_false(ws_is_key("dGhlIHNhbXBsZSBub25jZQ="));
    assert_false(ws_is_key("dGhlIHNhbXBsZSBub25jZQ=A"));
    ws_accept_key(accept, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_MAIN
