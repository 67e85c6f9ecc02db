/*
 * The API documents, generated from what the loaded plugins registered, so
 * that a third party's methods appear too.
 */
#ifndef LUA_DOCUMENTS_H
#define LUA_DOCUMENTS_H

#include "host/base/buf.h"

struct snapshot;

/* Append an OpenRPC 1.3 or an OpenAPI 3.1 document. 0, or the buffer's failure. */
int documents_openrpc(const struct snapshot *snapshot, struct buf *out);
int documents_openapi(const struct snapshot *snapshot, struct buf *out);

#endif
