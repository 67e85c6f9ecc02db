/* What calls over WebSocket and requests over HTTP share. */
#ifndef LUA_METHOD_H
#define LUA_METHOD_H

#include "lua/event.h"

/* 0, or the schema's objection in failure with its path. */
int method_check(const struct schema *schema, struct json_doc *doc, struct json_node *params,
                 struct failure *failure);
/* 0 when the entry's own limit allows the call, else the ms to wait. */
int64_t method_limit(struct runtime_worker *worker, const struct entry *entry,
                     const struct caller *caller);
/* The desk's events, published as session.opened and session.closed (session_events.c). */
void session_events_fill(struct runtime_worker *worker, struct desk_events *events);

#endif
