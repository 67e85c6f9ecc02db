/* "unknown key, do you mean ...": the name that somebody who mistyped most likely meant. */
#ifndef LUA_NEAREST_H
#define LUA_NEAREST_H

#include "host/base/bytes.h"

#define NEAREST_BYTES_MAX 64 /* of a name that is compared */

/* Lends the nearest of the names, or NULL when none is near. Case, '_' and '-' count little. */
const char *nearest_name(struct bytes name, const char *const *names, size_t count);

#endif
