/*
 * What a worker does when it first sees a new snapshot: new generations take
 * over the state of old ones, and the host's timers and follows stay or go by
 * what is declared now.
 */
#ifndef LUA_HANDOVER_H
#define LUA_HANDOVER_H

#include "lua/core.h"

/* before is NULL at the first flip. Runs save() of old cells and restore() of new ones. */
void handover(struct runtime_worker *worker, struct snapshot *before, struct snapshot *after);
/* Asks a cell for its save() and puts it packed into saved; false when it has none or it failed
 * (logged). */
bool handover_save(struct plugin_cell *cell, struct buf *saved);

#endif
