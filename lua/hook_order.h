/*
 * The order of the hooks of one stage: by before/after edges, and where these
 * say nothing by the plugins' names. Never by numbers.
 */
#ifndef LUA_HOOK_ORDER_H
#define LUA_HOOK_ORDER_H

#include "lua/core.h"

/* Sorts in place. 0, or ERR_INVALID when the edges make a circle; message names a plugin in it. */
int hook_order(struct hook_list *list, char *message, size_t message_size);

#endif
