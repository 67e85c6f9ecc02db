/*
 * JSON-RPC 2.0 as sdk/protocol.md has it: takes one message (a call or a
 * batch) apart, hands each call to the backend and puts the answers together.
 *
 * A message is an exchange: it counts its open calls and is answered when the
 * last of them is. It outlives the connection it came from; its answer is
 * then dropped.
 */
#ifndef HOST_SESSION_RPC_H
#define HOST_SESSION_RPC_H

#include "host/base/bytes.h"
#include "host/base/json.h"
#include "host/session/hub.h"

#define RPC_BATCH_MAX 64
#define RPC_CALLS_IN_FLIGHT_MAX 64 /* a connection */
#define RPC_METHOD_BYTES_MAX 64
#define RPC_ID_BYTES_MAX 128      /* raw JSON text of an id; longer: -32600 */
#define RPC_MESSAGE_BYTES_MAX 256 /* of error.message */

/* error.code and error.data.type; see the table in sdk/protocol.md, section 3. */
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL = -32603,
    RPC_UNAUTHENTICATED = -32001,
    RPC_FORBIDDEN = -32003,
    RPC_NOT_FOUND = -32004,
    RPC_TIMEOUT = -32008,
    RPC_CONFLICT = -32009,
    RPC_TOO_LARGE = -32013,
    RPC_REJECTED = -32022,
    RPC_RATE_LIMITED = -32029,
    RPC_UNAVAILABLE = -32050,
    RPC_PLUGIN_ERROR = -32060,
};
/* "not_found" and so on; the code of a type, or 0. */
const char *rpc_type(enum rpc_code code);
enum rpc_code rpc_code_of(struct bytes type);
/* The HTTP status that says the same (RFC 9457 answers of routes). */
int rpc_http_status(enum rpc_code code);

struct desk;
struct session;
struct call;

/* Who calls. The texts are lent during rpc_backend.call only; NULL before login. */
struct caller {
    const char *user_id;
    const char *device_id;
    const char *session_id;
    connection_id connection; /* CONNECTION_NONE for HTTP */
    const char *address;
    const char *token; /* bearer token of the upgrade or request; NULL if none */
    bool is_loopback;
};

struct rpc_backend {
    void *ctx;
    /*
     * Whether the method exists now, and whether it is served before login.
     * Asked before `call`, on the same worker, in the same turn.
     */
    bool (*knows)(void *ctx, struct bytes method, bool *is_open);
    /*
     * Runs the call. params is NULL when absent, else an object node of doc; both
     * are lent during this function, which may change nodes' flags. Exactly one
     * rpc_answer or rpc_fail must follow for the call, now or later.
     */
    void (*call)(void *ctx, struct call *call, struct bytes method, const struct caller *caller,
                 struct json_doc *doc, struct json_node *params);
};

/* Ends the call with a result, a JSON text that is copied. On the desk's thread, like all here. */
void rpc_answer(struct call *call, struct bytes result);
/*
 * message NULL: the code's own text; a longer one than RPC_MESSAGE_BYTES_MAX is cut. data_members
 * is what follows "type" in error.data (`"path":"/x"`) or BYTES_NONE; over 32 KiB it is left out.
 */
void rpc_fail(struct call *call, enum rpc_code code, const char *message,
              struct bytes data_members);
/* The session the call came over, or NULL: HTTP, or the connection is gone or ending. */
struct session *call_session(const struct call *call);
/* True when the call has no id, so that nobody waits for an answer. */
bool call_is_notification(const struct call *call);

/* ---- messages over HTTP ---- */

/* status 200 with a body, 204 without, 401 (a call needs a login and the caller has none; maybe
 * with a body), 503 (no memory for the answer). body is lent during the call. */
typedef void (*rpc_http_done)(void *ctx, int status, struct bytes body);
/* Runs one message for a caller (user_id NULL: not logged in). done is called once, maybe before
 * this returns. */
void rpc_http(struct desk *desk, struct bytes message, const struct caller *caller,
              rpc_http_done done, void *ctx);

#endif
