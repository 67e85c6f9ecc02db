/* A worker's sessions: their slots, the deadline of those not bound, and the end of the turn. */
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/list.h"
#include "host/base/mem.h"
#include "host/base/metric.h"
#include "host/session/session_private.h"

#include <stdio.h>

#define SLOTS_MIN 64
#define DEFAULT_JSON_DEPTH 32
#define SCRATCH_BYTES_MIN 4096 /* so that ids and most errors need no memory */
#define SCRATCH_BYTES_MAX ((size_t)1 << 20)

/* Resets are for whoever was not told of events; the slow-consumer rule covers them like events. */
#define RESET_TEXT BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"sync.reset\",\"params\":{}}")

static void login_timer_fired(struct timer *timer);
static void turn_timer_fired(struct timer *timer);

static void open_metrics(struct desk *desk)
{
    desk->connections_gauge = metric_gauge("chattermesh_connections", "", "Open connections");
    desk->sessions_gauge = metric_gauge("chattermesh_sessions", "", "Connections with a login");
    desk->seconds = metric_histogram("chattermesh_rpc_seconds", "", "From a call to its answer");
    desk->delivered =
        metric_counter("chattermesh_events_delivered_total", "", "Events queued to sessions");
    desk->outcomes = mem_alloc_array(rpc_rows() + 1, sizeof(struct metric *));
    for (size_t i = 0; i <= rpc_rows(); i++) {
        char labels[48];
        const char *outcome = i < rpc_rows() ? rpc_row_type(i) : "ok";
        (void)snprintf(labels, sizeof(labels), "outcome=\"%s\"", outcome);
        desk->outcomes[i] =
            metric_counter("chattermesh_rpc_calls_total", labels, "Calls by how they ended");
    }
}

struct desk *desk_new(struct hub *hub, unsigned index, struct loop *loop,
                      const struct desk_limits *limits, const struct rpc_backend *backend,
                      const struct desk_events *events)
{
    CHECK(index < HUB_WORKERS_MAX);
    struct desk *desk = mem_alloc(sizeof(*desk));
    desk->hub = hub;
    desk->index = index;
    desk->loop = loop;
    desk->backend = *backend;
    if (events != NULL) {
        desk->events = *events;
    }
    desk_set_limits(desk, limits);
    timer_open(&desk->login_timer, loop, login_timer_fired);
    timer_open(&desk->turn_timer, loop, turn_timer_fired);
    json_open(&desk->doc);
    buf_open(&desk->scratch, SCRATCH_BYTES_MAX);
    CHECK(buf_reserve(&desk->scratch, SCRATCH_BYTES_MIN) != NULL);
    desk->reset_frame = frame_new(RESET_TEXT, FRAME_EVENT);
    CHECK(desk->reset_frame != NULL);
    open_metrics(desk);
    hub_add_desk(hub, index, desk);
    return desk;
}

void desk_free(struct desk *desk)
{
    if (desk == NULL) {
        return;
    }
    for (uint32_t i = 0; i < desk->slots_count; i++) {
        CHECK(desk->slots[i].session == NULL);
    }
    CHECK(desk->calls == 0);
    hub_remove_desk(desk->hub, desk->index);
    desk_drop_parcels(desk);
    timer_stop(&desk->login_timer);
    timer_stop(&desk->turn_timer);
    rpc_free_spare(desk);
    json_close(&desk->doc);
    buf_close(&desk->scratch);
    frame_release(desk->reset_frame);
    mem_free(desk->outcomes);
    mem_free(desk->slots);
    mem_free(desk);
}

void desk_conn_events(struct desk *desk, struct conn_events *events)
{
    events->ctx = desk;
    events->opened = session_opened;
    events->message = session_message;
    events->closed = session_closed;
}

void desk_set_limits(struct desk *desk, const struct desk_limits *limits)
{
    desk->limits = *limits;
    if (desk->limits.json_depth_max == 0) {
        desk->limits.json_depth_max = DEFAULT_JSON_DEPTH;
    }
}

struct loop *desk_loop(const struct desk *desk)
{
    return desk->loop;
}

unsigned desk_index(const struct desk *desk)
{
    return desk->index;
}

struct hub *desk_hub(const struct desk *desk)
{
    return desk->hub;
}

void desk_drain(struct desk *desk)
{
    desk->is_draining = true;
}

size_t desk_calls_in_flight(const struct desk *desk)
{
    return desk->calls;
}

size_t desk_sessions(const struct desk *desk)
{
    return desk->bound;
}

/* ---- slots ---- */

static connection_id name_connection(const struct desk *desk, uint32_t slot)
{
    return (uint64_t)desk->index << 56 | (uint64_t)slot << 32 | desk->slots[slot].generation;
}

/* A slot's index, or DESK_SLOTS_MAX when there is none. */
static uint32_t take_slot(struct desk *desk)
{
    if (desk->free_slot != 0) {
        uint32_t slot = desk->free_slot - 1;
        desk->free_slot = desk->slots[slot].next_free;
        return slot;
    }
    if (desk->slots_count == DESK_SLOTS_MAX) {
        return DESK_SLOTS_MAX;
    }
    if (desk->slots_count == desk->slots_capacity) {
        uint32_t capacity = desk->slots_capacity == 0 ? SLOTS_MIN : desk->slots_capacity * 2;
        desk->slots = mem_realloc(desk->slots, capacity * sizeof(struct desk_slot));
        desk->slots_capacity = capacity;
    }
    desk->slots[desk->slots_count] = (struct desk_slot){.generation = 1};
    return desk->slots_count++;
}

struct session *desk_add_session(struct desk *desk, struct conn *conn)
{
    uint32_t slot = take_slot(desk);
    if (slot == DESK_SLOTS_MAX) {
        return NULL;
    }
    struct session *session = mem_alloc(sizeof(*session));
    session->conn = conn;
    session->desk = desk;
    session->id = name_connection(desk, slot);
    desk->slots[slot].session = session;
    return session;
}

static uint32_t slot_of(connection_id connection)
{
    return (uint32_t)(connection >> 32) & (DESK_SLOTS_MAX - 1);
}

void desk_remove_session(struct desk *desk, struct session *session)
{
    uint32_t index = slot_of(session->id);
    struct desk_slot *slot = &desk->slots[index];
    slot->session = NULL;
    slot->generation = slot->generation == UINT32_MAX ? 1 : slot->generation + 1;
    slot->next_free = desk->free_slot;
    desk->free_slot = index + 1;
}

struct session *desk_session(const struct desk *desk, connection_id connection)
{
    uint32_t slot = slot_of(connection);
    if (slot >= desk->slots_count || desk->slots[slot].generation != (uint32_t)connection) {
        return NULL;
    }
    return desk->slots[slot].session;
}

/* ---- the login deadline ---- */

/* The delay is the same for all, so the list is in the order of the deadlines. */
void desk_await_login(struct desk *desk, struct session *session)
{
    session->login_due_ms = clock_steady_ms() + SESSION_LOGIN_S_MAX * INT64_C(1000);
    session->awaits_login = true;
    session->older = desk->newest;
    if (desk->newest != NULL) {
        desk->newest->newer = session;
    } else {
        desk->oldest = session;
    }
    desk->newest = session;
    if (!timer_is_armed(&desk->login_timer)) {
        timer_start(&desk->login_timer, SESSION_LOGIN_S_MAX * INT64_C(1000));
    }
}

void desk_forget_login(struct desk *desk, struct session *session)
{
    if (!session->awaits_login) {
        return;
    }
    session->awaits_login = false;
    if (session->older != NULL) {
        session->older->newer = session->newer;
    } else {
        desk->oldest = session->newer;
    }
    if (session->newer != NULL) {
        session->newer->older = session->older;
    } else {
        desk->newest = session->older;
    }
    session->older = NULL;
    session->newer = NULL;
}

static void login_timer_fired(struct timer *timer)
{
    struct desk *desk = LIST_ITEM(timer, struct desk, login_timer);
    int64_t now_ms = clock_steady_ms();
    while (desk->oldest != NULL && desk->oldest->login_due_ms <= now_ms) {
        session_end_now(desk->oldest, CLOSE_UNAUTHENTICATED, BYTES("no login in time"));
    }
    if (desk->oldest != NULL) {
        timer_start(timer, desk->oldest->login_due_ms - now_ms);
    }
}

/* ---- the end of the turn ---- */

/*
 * A timer due at once, not a turn hook: whatever it starts can queue frames and
 * letters, and the hooks that write those out come after the timers.
 */
void desk_wants_turn(struct desk *desk)
{
    if (!timer_is_armed(&desk->turn_timer)) {
        timer_start(&desk->turn_timer, 0);
    }
}

static void turn_timer_fired(struct timer *timer)
{
    struct desk *desk = LIST_ITEM(timer, struct desk, turn_timer);
    while (desk->ready != NULL) {
        struct session *session = desk->ready;
        desk->ready = session->next_ready;
        session->is_ready = false;
        session_run_ready(session);
    }
    desk_flush_parcels(desk);
}
