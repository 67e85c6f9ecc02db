/*
 * One outgoing WebSocket frame (RFC 6455, section 5.2): encoded once, immutable,
 * counted, and written as it is to every receiver on every worker.
 */
#ifndef HOST_NET_FRAME_H
#define HOST_NET_FRAME_H

#include "host/base/bytes.h"

/* What a slow consumer loses first comes last. */
enum frame_class {
    FRAME_ANSWER,    /* never dropped */
    FRAME_EVENT,     /* dropped when the outbox is full; the client is told to pull again */
    FRAME_EPHEMERAL, /* typing, presence: dropped first */
};

struct frame {
    _Atomic uint32_t references;
    uint32_t len; /* header and payload */
    enum frame_class frame_class;
    char data[];
};

#define FRAME_HEADER_MAX 10

/* Return a text frame of the payload with one reference, the caller's; NULL without memory. */
struct frame *frame_new(struct bytes payload, enum frame_class frame_class);
/* Room for payload_len bytes at *payload, to be filled before the frame is shown to anybody. */
struct frame *frame_new_empty(size_t payload_len, enum frame_class frame_class, char **payload);
struct frame *frame_share(struct frame *frame); /* returns the frame, counted once more */
void frame_release(struct frame *frame);
struct bytes frame_bytes(const struct frame *frame);
struct bytes frame_payload(const struct frame *frame);

#endif
