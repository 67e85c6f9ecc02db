/*
 * The reload coordinator, on the main thread: one change of what is loaded at
 * a time, prepared on all workers or not at all, flipped by one store.
 *
 *     change_stage -> change_expand -> change_prepare -> change_prepared (all workers)
 *         -> change_flip -> change_end
 *
 * Any failure before the flip ends in change_end with the old snapshot untouched.
 */
#ifndef LUA_RELOAD_H
#define LUA_RELOAD_H

#include "lua/core.h"

enum change_kind { CHANGE_START, CHANGE_RELOAD, CHANGE_DISABLE, CHANGE_ENABLE };

#define CHANGES_WAITING_MAX 64

/* Queues the change; done is called once, later. plugin is NULL for CHANGE_START. */
void reload_change(struct runtime *runtime, enum change_kind kind, const char *plugin,
                   runtime_done done, void *ctx);
bool reload_is_busy(const struct runtime *runtime);

#endif
