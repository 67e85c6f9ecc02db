/*
 * Exchanges and their answers. The answer of a message that is no batch, the
 * usual case, is written once, into its frame.
 */
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/metric.h"
#include "host/session/rpc_private.h"

#include <stdio.h>
#include <string.h>

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define RESULT BYTES(",\"result\":")
#define ERROR BYTES(",\"error\":")
#define NULL_ID BYTES("null")
#define ANSWER_TOO_LARGE                                                                           \
    "{\"code\":-32013,\"message\":\"The answer is too large\",\"data\":{\"type\":\"too_large\"}}"

struct exchange *exchange_new(struct desk *desk, struct session *session, rpc_http_done done,
                              void *done_ctx)
{
    struct exchange *exchange = desk->spare;
    if (exchange != NULL) {
        desk->spare = exchange->next;
        desk->spare_count--;
    } else {
        exchange = mem_alloc(sizeof(*exchange));
        buf_open(&exchange->answers, RPC_ANSWER_BYTES_MAX);
    }
    exchange->desk = desk;
    exchange->session = session;
    exchange->done = done;
    exchange->done_ctx = done_ctx;
    exchange->began_ns = clock_precise_ns();
    exchange->open = 1;
    exchange->is_batch = false;
    exchange->is_broken = false;
    exchange->needs_login = false;
    exchange->calls = NULL;
    exchange->prev = NULL;
    exchange->next = session != NULL ? session->exchanges : NULL;
    if (exchange->next != NULL) {
        exchange->next->prev = exchange;
    }
    if (session != NULL) {
        session->exchanges = exchange;
    }
    return exchange;
}

static void leave_session(struct exchange *exchange)
{
    struct session *session = exchange->session;
    if (session == NULL) {
        return;
    }
    if (exchange->next != NULL) {
        exchange->next->prev = exchange->prev;
    }
    if (exchange->prev != NULL) {
        exchange->prev->next = exchange->next;
    } else {
        session->exchanges = exchange->next;
    }
    exchange->session = NULL;
}

static void exchange_free(struct exchange *exchange)
{
    struct desk *desk = exchange->desk;
    leave_session(exchange);
    mem_free(exchange->calls);
    buf_close(&exchange->answers);
    if (desk->spare_count >= DESK_SPARE_EXCHANGES_MAX) {
        mem_free(exchange);
        return;
    }
    exchange->next = desk->spare;
    desk->spare = exchange;
    desk->spare_count++;
}

void rpc_free_spare(struct desk *desk)
{
    while (desk->spare != NULL) {
        struct exchange *exchange = desk->spare;
        desk->spare = exchange->next;
        mem_free(exchange);
    }
    desk->spare_count = 0;
}

void rpc_detach(struct session *session)
{
    while (session->exchanges != NULL) {
        leave_session(session->exchanges);
    }
}

/* An answer that there is no memory for is the one thing that ends a connection. */
static void send_frame(struct exchange *exchange, struct frame *frame)
{
    if (frame == NULL) {
        session_end_now(exchange->session, CLOSE_GOING_AWAY, BYTES("1000"));
        return;
    }
    conn_send(exchange->session->conn, frame);
    frame_release(frame);
}

static char *put(char *to, struct bytes bytes)
{
    if (bytes.len > 0) {
        memcpy(to, bytes.data, bytes.len);
    }
    return to + bytes.len;
}

/* Whether the answer has somewhere to go. */
static bool is_awaited(const struct exchange *exchange)
{
    return exchange->done != NULL ||
           (exchange->session != NULL && exchange->session->state != SESSION_ENDED);
}

/* member is RESULT or ERROR. */
static void send_single(struct exchange *exchange, struct bytes id, struct bytes member,
                        struct bytes value)
{
    char *to;
    size_t len = sizeof(HEAD) - 1 + id.len + member.len + value.len + 1;
    struct frame *frame = frame_new_empty(len, FRAME_ANSWER, &to);
    if (frame != NULL) {
        to = put(to, BYTES(HEAD));
        to = put(to, id);
        to = put(to, member);
        to = put(to, value);
        *to = '}';
    }
    send_frame(exchange, frame);
}

static int collect(struct exchange *exchange, struct bytes id, struct bytes member,
                   struct bytes value)
{
    struct buf *out = &exchange->answers;
    size_t before = out->len;
    if (exchange->is_batch) {
        buf_append_char(out, before == 0 ? '[' : ',');
    }
    buf_append(out, BYTES(HEAD));
    buf_append(out, id);
    buf_append(out, member);
    buf_append(out, value);
    buf_append_char(out, '}');
    int err = out->err;
    if (err) {
        out->err = 0;
        out->len = before;
    }
    return err;
}

static void put_answer(struct exchange *exchange, struct bytes id, struct bytes member,
                       struct bytes value)
{
    if (!is_awaited(exchange)) {
        return;
    }
    if (exchange->done == NULL && !exchange->is_batch) {
        send_single(exchange, id, member, value);
    } else if (collect(exchange, id, member, value) != 0 &&
               collect(exchange, id, ERROR, BYTES(ANSWER_TOO_LARGE)) != 0) {
        exchange->is_broken = true;
    }
}

/* How many bytes of a text fit, without cutting a UTF-8 sequence in two. */
static struct bytes bounded(const char *text, size_t bytes_max)
{
    struct bytes bytes = bytes_of(text);
    if (bytes.len > bytes_max) {
        bytes.len = bytes_max;
        while (bytes.len > 0 && ((unsigned char)text[bytes.len] & 0xc0) == 0x80) {
            bytes.len--;
        }
    }
    return bytes;
}

/* Lends the error object until the scratch buffer is used again. */
static struct bytes error_text(struct desk *desk, enum rpc_code code, const char *message,
                               struct bytes data_members)
{
    struct buf *out = &desk->scratch;
    buf_clear(out);
    buf_append(out, BYTES("{\"code\":"));
    buf_append_integer(out, code);
    buf_append(out, BYTES(",\"message\":"));
    json_write_string(
        out, bounded(message != NULL ? message : rpc_message(code), RPC_MESSAGE_BYTES_MAX));
    buf_append(out, BYTES(",\"data\":{\"type\":\""));
    buf_append_text(out, rpc_type(code));
    buf_append_char(out, '"');
    if (data_members.len > 0 && data_members.len < RPC_ERROR_BYTES_MAX / 2) {
        buf_append_char(out, ',');
        buf_append(out, data_members);
    }
    buf_append(out, BYTES("}}"));
    return out->err ? BYTES("{\"code\":-32603,\"message\":\"Out of memory\","
                            "\"data\":{\"type\":\"internal\"}}")
                    : buf_bytes(out);
}

/* What is no call of a desk's counts as an outcome all the same. */
static void count_outcome(struct desk *desk, size_t outcome)
{
    metric_add(desk->outcomes[outcome], 1);
}

void exchange_refuse(struct exchange *exchange, enum rpc_code code, struct bytes data_members)
{
    struct desk *desk = exchange->desk;
    count_outcome(desk, rpc_row(code));
    put_answer(exchange, NULL_ID, ERROR, error_text(desk, code, NULL, data_members));
}

static void finish_http(struct exchange *exchange)
{
    struct buf *answers = &exchange->answers;
    int status = answers->len > 0 ? 200 : 204;
    if (exchange->is_broken || answers->err) {
        buf_clear(answers);
        status = 503;
    } else if (exchange->needs_login) {
        status = 401;
    }
    exchange->done(exchange->done_ctx, status, buf_bytes(answers));
}

void exchange_drop(struct exchange *exchange)
{
    CHECK(exchange->open > 0);
    if (--exchange->open > 0) {
        return;
    }
    struct buf *answers = &exchange->answers;
    if (exchange->is_batch && answers->len > 0) {
        buf_append_char(answers, ']');
    }
    if (exchange->done != NULL) {
        finish_http(exchange);
    } else if ((answers->len > 0 || exchange->is_broken) && is_awaited(exchange)) {
        bool is_whole = !exchange->is_broken && !answers->err;
        send_frame(exchange, is_whole ? frame_new(buf_bytes(answers), FRAME_ANSWER) : NULL);
    }
    exchange_free(exchange);
}

/* The one end of every call. */
static void end_call(struct call *call, struct bytes member, struct bytes value, size_t outcome)
{
    CHECK(call->is_open);
    call->is_open = false;
    struct exchange *exchange = call->exchange;
    struct desk *desk = exchange->desk;
    struct session *session = exchange->session;
    count_outcome(desk, outcome);
    metric_observe_ns(desk->seconds, clock_precise_ns() - exchange->began_ns);
    desk->calls--;
    if (call->id_len > 0) {
        put_answer(exchange, (struct bytes){call->id, call->id_len}, member, value);
    }
    exchange_drop(exchange); /* frees the call, maybe */
    if (session != NULL) {
        session_call_ended(session);
    }
}

void rpc_answer(struct call *call, struct bytes result)
{
    end_call(call, RESULT, result, rpc_rows());
}

void rpc_fail(struct call *call, enum rpc_code code, const char *message, struct bytes data_members)
{
    struct desk *desk = call->exchange->desk;
    struct bytes error = BYTES_NONE;
    if (call->id_len > 0) {
        error = error_text(desk, code, message, data_members);
    }
    end_call(call, ERROR, error, rpc_row(code));
}

struct bytes rpc_retry_members(char *out, size_t size, int64_t retry_ms)
{
    int len = snprintf(out, size, "\"retryAfterMs\":%lld", (long long)retry_ms);
    CHECK(len > 0 && (size_t)len < size);
    return (struct bytes){out, (size_t)len};
}

void call_fail_retry(struct call *call, enum rpc_code code, int64_t retry_ms)
{
    char members[48];
    rpc_fail(call, code, NULL, rpc_retry_members(members, sizeof(members), retry_ms));
}

struct session *call_session(const struct call *call)
{
    struct session *session = call->exchange->session;
    return session != NULL && session->state == SESSION_OPEN ? session : NULL;
}

bool call_is_notification(const struct call *call)
{
    return call->id_len == 0;
}
