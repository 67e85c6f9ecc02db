/*
 * How events reach sessions. For the own worker they go into the outboxes at
 * once. For another worker they are collected in a parcel, one letter a turn,
 * which keeps the order of all that goes there: frames, and closings after
 * them.
 *
 * What is on its way to a worker is bounded. Past the bound a parcel is thrown
 * away and the worker tells its sessions to pull again.
 */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/list.h"
#include "host/base/mem.h"
#include "host/base/metric.h"
#include "host/session/session_private.h"

#include <stdatomic.h>
#include <string.h>

#define PARCEL_SENDS_MAX 16384            /* then it leaves before the turn ends */
#define PARCEL_SENDS_MIN 32               /* allocated at first */
#define HUB_WAITING_MAX ((size_t)1 << 20) /* sends on their way to one worker */
#define HUB_WAITING_BYTES_MAX ((size_t)64 << 20)

struct parcel_send {
    struct frame *frame; /* one reference for a run of the same */
    connection_id to;
};

struct parcel {
    struct letter letter;
    struct hub_place *place;
    size_t bytes; /* of the frames */
    uint32_t count;
    uint32_t capacity;
    bool has_events; /* not only what may be lost without a word */
    struct parcel_send sends[];
};

struct closing {
    struct letter letter;
    struct hub_place *place;
    connection_id connection;
    enum close_code code;
    struct bytes reason;
    char text[];
};

static void send_here(struct desk *desk, connection_id connection, struct frame *frame)
{
    struct session *session = desk_session(desk, connection);
    if (session != NULL) {
        session_send(session, frame);
        desk->delivered_uncounted++;
    }
}

/* Once for many: the counter is shared by all workers. */
static void count_delivered(struct desk *desk)
{
    metric_add(desk->delivered, desk->delivered_uncounted);
    desk->delivered_uncounted = 0;
}

/* ---- parcels ---- */

static void release_frames(struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++) {
        if (i + 1 == parcel->count || parcel->sends[i].frame != parcel->sends[i + 1].frame) {
            frame_release(parcel->sends[i].frame);
        }
    }
}

static void parcel_free(struct parcel *parcel)
{
    release_frames(parcel);
    mem_free(parcel);
}

static void parcel_cb(struct letter *letter)
{
    struct parcel *parcel = LIST_ITEM(letter, struct parcel, letter);
    struct desk *desk = atomic_load(&parcel->place->desk);
    atomic_fetch_sub(&parcel->place->waiting, parcel->count);
    atomic_fetch_sub(&parcel->place->waiting_bytes, parcel->bytes);
    for (uint32_t i = 0; desk != NULL && i < parcel->count; i++) {
        send_here(desk, parcel->sends[i].to, parcel->sends[i].frame);
    }
    if (desk != NULL) {
        count_delivered(desk);
    }
    parcel_free(parcel);
}

static bool has_room(struct hub_place *place, const struct parcel *parcel)
{
    return atomic_load(&place->waiting) + parcel->count <= HUB_WAITING_MAX &&
           atomic_load(&place->waiting_bytes) + parcel->bytes <= HUB_WAITING_BYTES_MAX;
}

static void tell_missed(struct hub_place *place)
{
    if (!atomic_exchange(&place->has_missed, true)) {
        loop_post_answer(place->loop, &place->missed); /* one at a time */
    }
}

static void parcel_post(struct parcel *parcel)
{
    struct hub_place *place = parcel->place;
    if (has_room(place, parcel)) {
        atomic_fetch_add(&place->waiting, parcel->count);
        atomic_fetch_add(&place->waiting_bytes, parcel->bytes);
        if (loop_post(place->loop, &parcel->letter) == 0) {
            return;
        }
        atomic_fetch_sub(&place->waiting, parcel->count);
        atomic_fetch_sub(&place->waiting_bytes, parcel->bytes);
    }
    if (parcel->has_events) {
        tell_missed(place);
    }
    parcel_free(parcel);
}

static void flush_parcel(struct desk *desk, unsigned worker)
{
    struct parcel *parcel = desk->parcels[worker];
    if (parcel != NULL) {
        desk->parcels[worker] = NULL;
        parcel_post(parcel);
    }
}

void desk_flush_parcels(struct desk *desk)
{
    for (unsigned worker = 0; worker < HUB_WORKERS_MAX; worker++) {
        flush_parcel(desk, worker);
    }
}

void desk_drop_parcels(struct desk *desk)
{
    for (unsigned worker = 0; worker < HUB_WORKERS_MAX; worker++) {
        if (desk->parcels[worker] != NULL) {
            parcel_free(desk->parcels[worker]);
            desk->parcels[worker] = NULL;
        }
    }
}

/* The parcel for a worker with room for one send more. */
static struct parcel *parcel_for(struct desk *desk, unsigned worker)
{
    struct parcel *parcel = desk->parcels[worker];
    if (parcel != NULL && parcel->count == PARCEL_SENDS_MAX) {
        flush_parcel(desk, worker);
        parcel = NULL;
    }
    if (parcel != NULL && parcel->count < parcel->capacity) {
        return parcel;
    }
    uint32_t capacity = parcel == NULL ? PARCEL_SENDS_MIN : parcel->capacity * 2;
    size_t bytes = sizeof(*parcel) + capacity * sizeof(struct parcel_send);
    if (parcel == NULL) {
        parcel = mem_alloc(bytes);
        parcel->letter.deliver = parcel_cb;
        parcel->place = hub_place(desk->hub, worker);
        desk_wants_turn(desk);
    } else {
        parcel = mem_realloc(parcel, bytes);
    }
    parcel->capacity = capacity;
    desk->parcels[worker] = parcel;
    return parcel;
}

static void send_there(struct desk *desk, connection_id connection, struct frame *frame)
{
    unsigned worker = connection_worker(connection);
    if (worker >= HUB_WORKERS_MAX || atomic_load(&hub_place(desk->hub, worker)->desk) == NULL) {
        return;
    }
    struct parcel *parcel = parcel_for(desk, worker);
    if (parcel->count == 0 || parcel->sends[parcel->count - 1].frame != frame) {
        frame_share(frame);
        parcel->bytes += frame->len;
        parcel->has_events = parcel->has_events || frame->frame_class != FRAME_EPHEMERAL;
    }
    parcel->sends[parcel->count++] = (struct parcel_send){frame, connection};
}

static void send_to(struct desk *from, connection_id connection, struct frame *frame)
{
    if (connection_worker(connection) == from->index) {
        send_here(from, connection, frame);
    } else {
        send_there(from, connection, frame);
    }
}

void hub_send(struct desk *from, connection_id connection, struct frame *frame)
{
    send_to(from, connection, frame);
    count_delivered(from);
}

/* ---- audiences ---- */

static bool is_excepted(const struct audience_entry *entry, const struct delivery *delivery)
{
    return delivery->except_user.len > 0 && bytes_equal(entry->user, delivery->except_user);
}

/* How many of the entries stand in the first one's shard, before the excepted user. */
static size_t run_length(const struct audience_entry *entries, size_t count,
                         const struct delivery *delivery)
{
    unsigned shard = hub_shard_of(entries[0].hash);
    size_t length = 0;
    while (length < count && hub_shard_of(entries[length].hash) == shard &&
           !is_excepted(&entries[length], delivery)) {
        length++;
    }
    return length;
}

static void deliver_entries(struct desk *from, const struct audience_entry *entries, size_t count,
                            const struct delivery *delivery)
{
    for (size_t i = 0; i < count;) {
        size_t length = run_length(entries + i, count - i, delivery);
        if (length == 0) {
            i++; /* the excepted user */
            continue;
        }
        size_t taken;
        size_t found =
            hub_find_users(from->hub, entries + i, length, from->targets, DESK_TARGETS_MAX, &taken);
        for (size_t k = 0; k < found; k++) {
            if (from->targets[k] != delivery->except) {
                send_to(from, from->targets[k], delivery->frame);
            }
        }
        i += taken;
    }
    count_delivered(from);
}

void hub_deliver(struct desk *from, struct audience *audience, const struct delivery *delivery)
{
    deliver_entries(from, audience_entries(audience), audience_count(audience), delivery);
}

void hub_deliver_user(struct desk *from, struct bytes user_id, const struct delivery *delivery)
{
    struct audience_entry entry = {bytes_hash(user_id, bytes_hash_seed()), user_id};
    deliver_entries(from, &entry, 1, delivery);
}

/* ---- closing ---- */

static void closing_cb(struct letter *letter)
{
    struct closing *closing = LIST_ITEM(letter, struct closing, letter);
    struct desk *desk = atomic_load(&closing->place->desk);
    if (desk != NULL) {
        desk_close_connection(desk, closing->connection, closing->code, closing->reason);
    }
    mem_free(closing);
}

/* Never refused: a revoked session must go, and there is at most one letter a session. */
static void close_there(struct desk *desk, connection_id connection, enum close_code code,
                        struct bytes reason)
{
    unsigned worker = connection_worker(connection);
    if (worker >= HUB_WORKERS_MAX || atomic_load(&hub_place(desk->hub, worker)->desk) == NULL) {
        return;
    }
    flush_parcel(desk, worker);
    struct closing *closing = mem_alloc(sizeof(*closing) + reason.len);
    closing->letter.deliver = closing_cb;
    closing->place = hub_place(desk->hub, worker);
    closing->connection = connection;
    closing->code = code;
    if (reason.len > 0) {
        memcpy(closing->text, reason.data, reason.len);
    }
    closing->reason = (struct bytes){closing->text, reason.len};
    loop_post_answer(closing->place->loop, &closing->letter);
}

void desk_close_connection(struct desk *desk, connection_id connection, enum close_code code,
                           struct bytes reason)
{
    if (reason.len > CONN_REASON_MAX) {
        reason.len = CONN_REASON_MAX;
    }
    if (connection_worker(connection) != desk->index) {
        close_there(desk, connection, code, reason);
        return;
    }
    struct session *session = desk_session(desk, connection);
    if (session == NULL) {
        return;
    }
    if (session->identity != NULL) {
        (void)hub_unlist(desk->hub, session->identity);
    }
    session_end_softly(session, code, reason);
}

static void close_user(struct desk *from, struct bytes user, connection_id spared,
                       enum close_code code, struct bytes reason)
{
    connection_id connections[HUB_USER_SESSIONS_MAX];
    size_t count = hub_take_user(from->hub, user, spared, connections, HUB_USER_SESSIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        desk_close_connection(from, connections[i], code, reason);
    }
}

void hub_close(struct desk *from, enum hub_close_by by, struct bytes key, connection_id connection,
               enum close_code code, struct bytes reason)
{
    connection_id target = connection;
    switch (by) {
    case HUB_BY_USER:
        close_user(from, key, connection, code, reason);
        return;
    case HUB_BY_LOGIN:
        target = hub_find_login(from->hub, key);
        if (target == connection) {
            return; /* the spared one */
        }
        break;
    case HUB_BY_CONNECTION:
        break;
    }
    if (target != CONNECTION_NONE) {
        desk_close_connection(from, target, code, reason);
    }
}
