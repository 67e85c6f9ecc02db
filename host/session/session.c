/* A session's life: opened, bound to a login, its messages let through or kept waiting, closed. */
#include "host/session/session.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/base/metric.h"
#include "host/session/session_private.h"

#include <string.h>

void session_opened(void *ctx, struct conn *conn)
{
    struct desk *desk = ctx;
    struct session *session = desk_add_session(desk, conn);
    conn->user = session;
    if (session == NULL) {
        conn_close(conn, CLOSE_GOING_AWAY, BYTES("1000"));
        return;
    }
    metric_add(desk->connections_gauge, 1);
    desk_await_login(desk, session);
}

static void drop_pending(struct session *session)
{
    while (session->pending != NULL) {
        struct pending *oldest = session->pending;
        session->pending = oldest->next;
        mem_free(oldest);
    }
    session->pending_last = NULL;
    session->pending_bytes = 0;
}

static void leave_ready(struct session *session)
{
    if (!session->is_ready) {
        return;
    }
    struct session **link = &session->desk->ready;
    while (*link != session) {
        link = &(*link)->next_ready;
    }
    *link = session->next_ready;
    session->is_ready = false;
}

static void unbind(struct session *session)
{
    struct desk *desk = session->desk;
    if (session->identity == NULL) {
        return;
    }
    size_t count = hub_unlist(desk->hub, session->identity);
    desk->bound--;
    metric_add(desk->sessions_gauge, -1);
    if (desk->events.session_closed != NULL) {
        desk->events.session_closed(desk->events.ctx, session, count);
    }
}

void session_closed(struct conn *conn)
{
    struct session *session = conn->user;
    if (session == NULL) {
        return;
    }
    struct desk *desk = session->desk;
    session->state = SESSION_ENDED;
    desk_forget_login(desk, session);
    rpc_detach(session);
    leave_ready(session);
    drop_pending(session);
    unbind(session);
    desk_remove_session(desk, session);
    metric_add(desk->connections_gauge, -1);
    conn->user = NULL;
    mem_free(session->identity);
    mem_free(session->end);
    mem_free(session);
}

/* ---- messages ---- */

/* Only what was read before the pause took effect comes here, so the bound is not met by a
 * connection that keeps its promise. */
static void keep_waiting(struct session *session, struct bytes text)
{
    bool is_first = session->pending == NULL;
    size_t bytes = sizeof(struct pending) + text.len;
    if (!is_first && bytes > SESSION_PENDING_BYTES_MAX - session->pending_bytes) {
        session_end_now(session, CLOSE_FLOODING, BYTES_NONE);
        return;
    }
    struct pending *pending = mem_try_alloc(bytes);
    if (pending == NULL) {
        session_end_now(session, CLOSE_GOING_AWAY, BYTES("1000"));
        return;
    }
    pending->len = text.len;
    if (text.len > 0) {
        memcpy(pending->text, text.data, text.len);
    }
    if (is_first) {
        session->pending = pending;
    } else {
        session->pending_last->next = pending;
        session->pending_bytes += (uint32_t)bytes;
    }
    session->pending_last = pending;
}

static void pause_if_full(struct session *session)
{
    bool is_full = session->calls >= RPC_CALLS_IN_FLIGHT_MAX || session->pending != NULL;
    if (is_full && !session->is_paused && session->state == SESSION_OPEN) {
        session->is_paused = true;
        conn_pause(session->conn, true);
    }
}

void session_message(struct conn *conn, struct bytes text)
{
    struct session *session = conn->user;
    if (session == NULL || session->state != SESSION_OPEN) {
        return;
    }
    if (session->pending != NULL || !rpc_run(session, text)) {
        keep_waiting(session, text);
    }
    pause_if_full(session);
}

static struct pending *pop_pending(struct session *session)
{
    struct pending *oldest = session->pending;
    session->pending = oldest->next;
    if (session->pending == NULL) {
        session->pending_last = NULL;
    } else {
        session->pending_bytes -= (uint32_t)(sizeof(struct pending) + session->pending->len);
    }
    return oldest;
}

void session_run_ready(struct session *session)
{
    while (session->state == SESSION_OPEN && session->pending != NULL) {
        struct pending *oldest = session->pending;
        if (!rpc_run(session, (struct bytes){oldest->text, oldest->len})) {
            return;
        }
        mem_free(pop_pending(session));
    }
    if (session->is_paused && session->state == SESSION_OPEN &&
        session->calls < RPC_CALLS_IN_FLIGHT_MAX) {
        session->is_paused = false;
        conn_pause(session->conn, false);
    }
}

void session_calls_began(struct session *session, uint32_t count)
{
    session->calls += count;
}

/* What waits is started at the turn's end, not in here: we are inside of whoever answers. */
void session_call_ended(struct session *session)
{
    struct desk *desk = session->desk;
    CHECK(session->calls > 0);
    session->calls--;
    if (session->state == SESSION_ENDING && session->calls == 0) {
        session_end_now(session, session->end->code, session->end->reason);
    } else if (session->is_paused && !session->is_ready && session->state == SESSION_OPEN) {
        session->is_ready = true;
        session->next_ready = desk->ready;
        desk->ready = session;
        desk_wants_turn(desk);
    }
}

void session_count_flood(struct session *session)
{
    int64_t now_ms = clock_steady_ms();
    if (session->flood_answers == 0 ||
        now_ms - session->flood_from_ms > SESSION_FLOOD_S * INT64_C(1000)) {
        session->flood_from_ms = now_ms;
        session->flood_answers = 0;
    }
    session->flood_answers++;
    if (session->flood_answers > SESSION_FLOOD_ANSWERS_MAX) {
        session_end_now(session, CLOSE_FLOODING, BYTES_NONE);
    }
}

void session_send(struct session *session, struct frame *frame)
{
    if (session->state == SESSION_OPEN) {
        conn_send(session->conn, frame);
    }
}

/* ---- endings ---- */

void session_end_now(struct session *session, enum close_code code, struct bytes reason)
{
    if (session->state == SESSION_ENDED) {
        return;
    }
    session->state = SESSION_ENDED;
    desk_forget_login(session->desk, session);
    conn_close(session->conn, code, reason);
}

/* "Answered, then closed": a call that ends its own session gets its answer first. */
void session_end_softly(struct session *session, enum close_code code, struct bytes reason)
{
    if (session->state != SESSION_OPEN) {
        return;
    }
    if (session->calls == 0) {
        session_end_now(session, code, reason);
        return;
    }
    if (reason.len > CONN_REASON_MAX) {
        reason.len = CONN_REASON_MAX;
    }
    struct session_end *end = mem_alloc(sizeof(*end) + reason.len);
    if (reason.len > 0) {
        memcpy(end->text, reason.data, reason.len);
    }
    end->code = code;
    end->reason = (struct bytes){end->text, reason.len};
    session->end = end;
    session->state = SESSION_ENDING;
    desk_forget_login(session->desk, session);
}

/* ---- logins ---- */

static bool is_id(struct bytes id, size_t len_min)
{
    return id.len >= len_min && id.len <= SESSION_ID_BYTES_MAX &&
           (id.len == 0 || memchr(id.data, 0, id.len) == NULL);
}

static char *put_text(char *to, struct bytes text)
{
    if (text.len > 0) {
        memcpy(to, text.data, text.len);
    }
    return to + text.len + 1;
}

static struct identity *identity_new(const struct session *session, struct bytes user,
                                     struct bytes device, struct bytes login)
{
    struct identity *identity =
        mem_alloc(sizeof(*identity) + user.len + device.len + login.len + 3);
    identity->user_hash = bytes_hash(user, bytes_hash_seed());
    identity->login_hash = bytes_hash(login, bytes_hash_seed());
    identity->connection = session->id;
    identity->opened_at_ms = clock_wall_ms();
    identity->user_len = (uint8_t)user.len;
    identity->device_len = (uint8_t)device.len;
    identity->login_len = (uint8_t)login.len;
    (void)put_text(put_text(put_text(identity->text, user), device), login);
    return identity;
}

int session_bind(struct session *session, struct bytes user_id, struct bytes device_id,
                 struct bytes login_id)
{
    struct desk *desk = session->desk;
    if (!is_id(user_id, 1) || !is_id(device_id, 0) || !is_id(login_id, 1)) {
        return ERR_INVALID;
    }
    if (session->state != SESSION_OPEN) {
        return ERR_CLOSED;
    }
    if (session->identity != NULL) {
        bool is_same = bytes_equal_text(user_id, session_user_id(session)) &&
                       bytes_equal_text(login_id, session_login_id(session));
        return is_same ? 0 : ERR_EXISTS;
    }
    desk_forget_login(desk, session);
    session->identity = identity_new(session, user_id, device_id, login_id);
    desk->bound++;
    metric_add(desk->sessions_gauge, 1);
    connection_id replaced[2];
    size_t count = hub_list(desk->hub, session->identity, replaced);
    for (size_t i = 0; i < 2; i++) {
        if (replaced[i] != CONNECTION_NONE) {
            desk_close_connection(desk, replaced[i], CLOSE_REPLACED, BYTES_NONE);
        }
    }
    if (desk->events.session_opened != NULL) {
        desk->events.session_opened(desk->events.ctx, session, count);
    }
    return 0;
}

const char *session_user_id(const struct session *session)
{
    return session->identity != NULL ? identity_user(session->identity) : NULL;
}

const char *session_device_id(const struct session *session)
{
    return session->identity != NULL ? identity_device(session->identity) : NULL;
}

const char *session_login_id(const struct session *session)
{
    return session->identity != NULL ? identity_login(session->identity) : NULL;
}

connection_id session_connection(const struct session *session)
{
    return session->id;
}
