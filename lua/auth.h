/* Who a bearer token belongs to, by the plugin that registered `auth`. */
#ifndef LUA_AUTH_H
#define LUA_AUTH_H

#include "lua/event.h"

#define IDENTITY_ID_MAX 64

struct identity {
    char user_id[IDENTITY_ID_MAX + 1];
    char device_id[IDENTITY_ID_MAX + 1];
    char session_id[IDENTITY_ID_MAX + 1];
};

/* failure is NULL and identity says who, or failure says why not; both lent during the call. */
typedef void (*auth_done)(void *ctx, const struct identity *identity,
                          const struct failure *failure);
/* done is called once, maybe before this returns. */
void auth_bearer(struct runtime_worker *worker, const char *token, const char *address,
                 auth_done done, void *ctx);

#endif
