/*
 * Frames waiting for one socket, and the rule for a peer that reads too
 * slowly: what is ephemeral goes first, then all events at once with one reset
 * in their place; answers stay.
 */
#ifndef HOST_NET_OUTBOX_H
#define HOST_NET_OUTBOX_H

#include "host/net/frame.h"

#include <sys/uio.h>

struct outbox_rule {
    size_t bytes_max;
    struct frame *reset_frame; /* lent; NULL: events are dropped without a word */
};

/* In place; zeroed memory is an empty outbox. */
struct outbox {
    struct frame **ring; /* from the first frame on; a large one until it is empty again */
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
    uint32_t first_written; /* bytes of the first frame that are on their way */
    size_t bytes;           /* not written yet */
    bool reset_waits;       /* a reset is queued: no event until it is written */
};

enum outbox_result {
    OUTBOX_QUEUED,
    OUTBOX_DROPPED, /* this frame */
    OUTBOX_RESET,   /* this frame and all events; a reset was queued */
};

/* Queues with a reference of its own, or drops. *dropped is raised by the frames dropped. */
enum outbox_result outbox_push(struct outbox *box, const struct outbox_rule *rule,
                               struct frame *frame, uint32_t *dropped);
/* More waits than the rule allows: only answers can do that. */
bool outbox_is_over(const struct outbox *box, const struct outbox_rule *rule);
/* Lends what is to be written next: the number of vectors; up to bytes_max but at least one. */
int outbox_peek(const struct outbox *box, struct iovec *out, int count_max, size_t bytes_max);
/* These bytes were written; returns the number of frames that are done. */
uint32_t outbox_advance(struct outbox *box, const struct outbox_rule *rule, size_t bytes);
/* Drops all that has not begun. */
void outbox_clear(struct outbox *box);
/* Drops everything. */
void outbox_close(struct outbox *box);

#endif
