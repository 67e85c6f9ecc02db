/* The host's own bus events: a session was opened, a session was closed. */
#include "lua/bus.h"
#include "lua/method.h"
#include "lua/pack_fields.h"

static void publish_session(struct runtime_worker *worker, const char *topic,
                            const struct session *session, size_t count)
{
    struct snapshot *snapshot = worker->is_closing ? NULL : worker_admit(worker);
    if (!snapshot) {
        return;
    }
    if (bus_is_heard(worker, snapshot, bytes_of(topic), BYTES_NONE)) {
        struct buf packed;
        buf_open(&packed, 4096);
        pack_fields_open(&packed, 5);
        pack_field_text(&packed, "userId", session_user_id(session));
        pack_field_text(&packed, "deviceId", session_device_id(session));
        pack_field_text(&packed, "sessionId", session_login_id(session));
        pack_field_integer(&packed, "connection", (int64_t)session_connection(session));
        pack_field_integer(&packed, "count", (int64_t)count);
        bus_publish(worker, snapshot, 0, bytes_of(topic), BYTES_NONE, buf_bytes(&packed));
        buf_close(&packed);
    }
    worker_leave(worker, snapshot);
}

static void session_opened(void *ctx, struct session *session, size_t count)
{
    publish_session(ctx, "session.opened", session, count);
}

static void session_closed(void *ctx, struct session *session, size_t count)
{
    publish_session(ctx, "session.closed", session, count);
}

void session_events_fill(struct runtime_worker *worker, struct desk_events *events)
{
    *events = (struct desk_events){worker, session_opened, session_closed};
}
