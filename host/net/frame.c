#include "host/net/frame.h"

#include "host/base/check.h"
#include "host/base/mem.h"
#include "host/net/frame_private.h"

#include <stdatomic.h>
#include <string.h>

#define FINAL 0x80
#define LEN_16 126
#define LEN_64 127

static size_t header_len(size_t payload_len)
{
    return payload_len < LEN_16 ? 2 : payload_len <= UINT16_MAX ? 4 : FRAME_HEADER_MAX;
}

static void write_header(char *out, unsigned opcode, size_t payload_len)
{
    unsigned char *header = (unsigned char *)out;
    header[0] = (unsigned char)(FINAL | opcode);
    if (payload_len < LEN_16) {
        header[1] = (unsigned char)payload_len;
    } else if (payload_len <= UINT16_MAX) {
        header[1] = LEN_16;
        header[2] = (unsigned char)(payload_len >> 8);
        header[3] = (unsigned char)payload_len;
    } else {
        header[1] = LEN_64;
        for (unsigned i = 0; i < 8; i++) {
            header[2 + i] = (unsigned char)((uint64_t)payload_len >> (56 - 8 * i));
        }
    }
}

struct frame *frame_new_raw(size_t len, enum frame_class frame_class)
{
    if (len > FRAME_BYTES_MAX) {
        return NULL;
    }
    struct frame *frame = mem_try_alloc(sizeof(*frame) + len);
    if (frame == NULL) {
        return NULL;
    }
    atomic_store_explicit(&frame->references, 1, memory_order_relaxed);
    frame->len = (uint32_t)len;
    frame->frame_class = frame_class;
    return frame;
}

struct frame *frame_new_opcode(unsigned opcode, size_t payload_len, enum frame_class frame_class,
                               char **payload)
{
    size_t header = header_len(payload_len);
    if (payload_len > FRAME_BYTES_MAX - header) {
        return NULL;
    }
    struct frame *frame = frame_new_raw(header + payload_len, frame_class);
    if (frame != NULL) {
        write_header(frame->data, opcode, payload_len);
        *payload = frame->data + header;
    }
    return frame;
}

struct frame *frame_new_empty(size_t payload_len, enum frame_class frame_class, char **payload)
{
    return frame_new_opcode(FRAME_TEXT, payload_len, frame_class, payload);
}

struct frame *frame_new(struct bytes payload, enum frame_class frame_class)
{
    char *room;
    struct frame *frame = frame_new_empty(payload.len, frame_class, &room);
    if (frame != NULL && payload.len > 0) {
        memcpy(room, payload.data, payload.len);
    }
    return frame;
}

struct frame *frame_share(struct frame *frame)
{
    atomic_fetch_add_explicit(&frame->references, 1, memory_order_relaxed);
    return frame;
}

void frame_release(struct frame *frame)
{
    uint32_t before = atomic_fetch_sub_explicit(&frame->references, 1, memory_order_acq_rel);
    CHECK(before > 0);
    if (before == 1) {
        mem_free(frame);
    }
}

struct bytes frame_bytes(const struct frame *frame)
{
    return (struct bytes){frame->data, frame->len};
}

struct bytes frame_payload(const struct frame *frame)
{
    unsigned char len_byte = (unsigned char)frame->data[1];
    size_t header = len_byte < LEN_16 ? 2 : len_byte == LEN_16 ? 4 : FRAME_HEADER_MAX;
    return (struct bytes){frame->data + header, frame->len - header};
}
