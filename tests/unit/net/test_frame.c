#include "host/base/mem.h"
#include "host/net/frame.h"
#include "tests/unit/unit.h"

static void check_header(size_t len, const unsigned char *header, size_t header_len)
{
    char *text = mem_alloc(len + 1);
    memset(text, 'a', len);
    struct frame *frame = frame_new((struct bytes){text, len}, FRAME_EVENT);
    assert_non_null(frame);
    assert_int_equal(frame->frame_class, FRAME_EVENT);
    assert_int_equal(frame_bytes(frame).len, header_len + len);
    assert_memory_equal(frame_bytes(frame).data, header, header_len);
    assert_true(bytes_equal(frame_payload(frame), (struct bytes){text, len}));
    frame_release(frame);
    mem_free(text);
}

TEST(frame, the_length_takes_the_shortest_form)
{
    check_header(0, (const unsigned char[]){0x81, 0}, 2);
    check_header(125, (const unsigned char[]){0x81, 125}, 2);
    check_header(126, (const unsigned char[]){0x81, 126, 0, 126}, 4);
    check_header(65535, (const unsigned char[]){0x81, 126, 0xff, 0xff}, 4);
    check_header(65536, (const unsigned char[]){0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10);
}

TEST(frame, a_shared_frame_lives_until_the_last_one_lets_go)
{
    struct frame *frame = frame_new(BYTES("hello"), FRAME_ANSWER);
    assert_ptr_equal(frame_share(frame), frame);
    frame_release(frame);
    assert_true(bytes_equal_text(frame_payload(frame), "hello"));
    frame_release(frame);
}

TEST(frame, without_memory_it_is_null)
{
    mem_fault_after(1);
    assert_null(frame_new(BYTES("hello"), FRAME_ANSWER));
    mem_fault_after(0);
}

TEST(frame, a_payload_beyond_any_limit_is_null)
{
    char *payload = NULL;
    assert_null(frame_new_empty(SIZE_MAX - 4, FRAME_ANSWER, &payload));
    assert_null(frame_new_empty((size_t)1 << 32, FRAME_ANSWER, &payload));
}

TEST_MAIN
