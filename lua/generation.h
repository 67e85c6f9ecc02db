/* One version of one plugin's code, from its bundle to the end of its last cell. Main thread. */
#ifndef LUA_GENERATION_H
#define LUA_GENERATION_H

#include "lua/core.h"

/*
 * Returns a generation without cells; takes the bundle. 0, or ERR_INVALID when the
 * configuration does not fit the manifest's schema, with words.
 */
int generation_new(struct generation **out, struct runtime *runtime, struct bundle *bundle,
                   char *message, size_t message_size);
/* Applies its migrations; waits. */
int generation_migrate(struct generation *generation, char *message, size_t message_size);
/* Takes the first cell's wiring for all, after checking that all workers registered the same. */
int generation_settle(struct generation *generation, char *message, size_t message_size);
/* Names the generation for messages and lists: the folder, or "built in". */
const char *generation_source(const struct generation *generation);

#endif
