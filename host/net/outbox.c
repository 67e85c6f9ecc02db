#include "host/net/outbox.h"

#include "host/base/check.h"
#include "host/base/mem.h"

#define RING_CAPACITY_MIN 8   /* a power of two, as all that follow */
#define RING_CAPACITY_KEPT 16 /* 128 bytes a connection */

static struct frame **slot(const struct outbox *box, uint32_t index)
{
    return &box->ring[(box->first + index) & (box->capacity - 1)];
}

static void grow(struct outbox *box)
{
    uint32_t capacity = box->capacity == 0 ? RING_CAPACITY_MIN : box->capacity * 2;
    struct frame **ring = mem_alloc_array(capacity, sizeof(struct frame *));
    for (uint32_t i = 0; i < box->count; i++) {
        ring[i] = *slot(box, i);
    }
    mem_free(box->ring);
    box->ring = ring;
    box->first = 0;
    box->capacity = capacity;
}

static void append(struct outbox *box, struct frame *frame)
{
    if (box->count == box->capacity) {
        grow(box);
    }
    *slot(box, box->count++) = frame_share(frame);
    box->bytes += frame->len;
}

/* A small ring is kept: it costs less memory than giving it back and taking it again costs time. */
static void free_when_empty(struct outbox *box)
{
    if (box->count == 0) {
        CHECK(box->bytes == 0 && box->first_written == 0);
        if (box->capacity <= RING_CAPACITY_KEPT) {
            return;
        }
        mem_free(box->ring);
        box->ring = NULL;
        box->first = 0;
        box->capacity = 0;
    }
}

/* Keeps answers (if asked to) and a frame that is half written. Returns how many went. */
static uint32_t drop_frames(struct outbox *box, bool answers_too)
{
    uint32_t kept = 0;
    uint32_t count = box->count;
    for (uint32_t i = 0; i < count; i++) {
        struct frame *frame = *slot(box, i);
        bool has_begun = i == 0 && box->first_written > 0;
        if (has_begun || (frame->frame_class == FRAME_ANSWER && !answers_too)) {
            *slot(box, kept++) = frame;
        } else {
            box->bytes -= frame->len;
            frame_release(frame);
        }
    }
    box->count = kept;
    free_when_empty(box);
    return count - kept;
}

static enum outbox_result push_event(struct outbox *box, const struct outbox_rule *rule,
                                     struct frame *frame, uint32_t *dropped)
{
    if (box->reset_waits) {
        *dropped += 1;
        return OUTBOX_DROPPED;
    }
    if (frame->len <= rule->bytes_max && box->bytes <= rule->bytes_max - frame->len) {
        append(box, frame);
        return OUTBOX_QUEUED;
    }
    *dropped += drop_frames(box, false) + 1;
    if (rule->reset_frame == NULL) {
        return OUTBOX_DROPPED;
    }
    append(box, rule->reset_frame);
    box->reset_waits = true;
    return OUTBOX_RESET;
}

enum outbox_result outbox_push(struct outbox *box, const struct outbox_rule *rule,
                               struct frame *frame, uint32_t *dropped)
{
    switch (frame->frame_class) {
    case FRAME_EVENT:
        return push_event(box, rule, frame, dropped);
    case FRAME_EPHEMERAL:
        if (box->bytes + frame->len > rule->bytes_max / 2) {
            *dropped += 1;
            return OUTBOX_DROPPED;
        }
        break;
    case FRAME_ANSWER:
        break;
    }
    append(box, frame);
    return OUTBOX_QUEUED;
}

bool outbox_is_over(const struct outbox *box, const struct outbox_rule *rule)
{
    return box->bytes > rule->bytes_max;
}

int outbox_peek(const struct outbox *box, struct iovec *out, int count_max, size_t bytes_max)
{
    int count = 0;
    size_t bytes = 0;
    for (uint32_t i = 0; i < box->count && count < count_max; i++) {
        struct frame *frame = *slot(box, i);
        size_t skip = i == 0 ? box->first_written : 0;
        size_t len = frame->len - skip;
        if (count > 0 && bytes + len > bytes_max) {
            break;
        }
        out[count++] = (struct iovec){frame->data + skip, len};
        bytes += len;
    }
    return count;
}

uint32_t outbox_advance(struct outbox *box, const struct outbox_rule *rule, size_t bytes)
{
    uint32_t done = 0;
    CHECK(bytes <= box->bytes);
    box->bytes -= bytes;
    while (bytes > 0) {
        struct frame *frame = *slot(box, 0);
        size_t left = frame->len - box->first_written;
        if (bytes < left) {
            box->first_written += (uint32_t)bytes;
            break;
        }
        bytes -= left;
        if (frame == rule->reset_frame) {
            box->reset_waits = false;
        }
        frame_release(frame);
        box->first = (box->first + 1) & (box->capacity - 1);
        box->count--;
        box->first_written = 0;
        done++;
    }
    free_when_empty(box);
    return done;
}

void outbox_clear(struct outbox *box)
{
    (void)drop_frames(box, true);
    box->reset_waits = false;
}

void outbox_close(struct outbox *box)
{
    for (uint32_t i = 0; i < box->count; i++) {
        frame_release(*slot(box, i));
    }
    mem_free(box->ring);
    *box = (struct outbox){0};
}
