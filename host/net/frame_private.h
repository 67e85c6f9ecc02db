/* Frames other than text, and runs of bytes that travel as if they were one. */
#ifndef HOST_NET_FRAME_PRIVATE_H
#define HOST_NET_FRAME_PRIVATE_H

#include "host/net/frame.h"

#define FRAME_BYTES_MAX (128u * 1024 * 1024)

/* RFC 6455, section 5.2. */
enum frame_opcode {
    FRAME_CONTINUATION = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
};

/* As frame_new_empty, for any opcode. */
struct frame *frame_new_opcode(unsigned opcode, size_t payload_len, enum frame_class frame_class,
                               char **payload);
/* len bytes without a header, to be filled by the caller: an HTTP answer. NULL without memory. */
struct frame *frame_new_raw(size_t len, enum frame_class frame_class);

#endif
