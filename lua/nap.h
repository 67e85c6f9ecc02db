/*
 * mesh.timer.sleep: plugin code that waits for the clock. A nap ends with its
 * cell, and none outlasts the time that an event may wait at all.
 */
#ifndef LUA_NAP_H
#define LUA_NAP_H

#include "lua/core.h"

/* mesh.timer.sleep(seconds) */
int nap_sleep(lua_State *L);
/* Forgets the naps of a cell whose tasks were cancelled. The cell stays. */
void naps_stop(struct plugin_cell *cell);

#endif
