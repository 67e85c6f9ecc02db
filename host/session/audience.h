/*
 * An immutable, counted list of user ids that events are delivered to; hashed
 * once, so that a delivery to many costs a look-up each and no allocation.
 */
#ifndef HOST_SESSION_AUDIENCE_H
#define HOST_SESSION_AUDIENCE_H

#include "host/base/bytes.h"

struct audience;

#define AUDIENCE_USERS_MAX 200000

/* Returns an audience of copies, duplicates removed; NULL without memory. Any thread may read it.
 */
struct audience *audience_new(const struct bytes *user_ids, size_t count);
struct audience *audience_share(struct audience *audience);
void audience_release(struct audience *audience);
size_t audience_count(const struct audience *audience);
struct bytes audience_user(const struct audience *audience, size_t index);

#endif
