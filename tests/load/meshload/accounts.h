/*
 * Every connection needs a login of its own, and a login costs a password
 * hash. So accounts are made once a side, with the cheapest hash the server
 * allows, and their tokens are kept in a file in its folder.
 */
#ifndef TESTS_LOAD_MESHLOAD_ACCOUNTS_H
#define TESTS_LOAD_MESHLOAD_ACCOUNTS_H

#include "tests/load/meshload/side.h"

/* Sees to it that the side, which must not run, has so many. 0, or -1 after saying why. */
int accounts_ensure(struct side *side, size_t count);
/* Knows again what an earlier bench left in the folder, if it did. */
void accounts_recall(struct side *side);
void accounts_free(struct side *side);

#endif
