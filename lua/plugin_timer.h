/*
 * Timers of plugins. They belong to the host and name a handler instead of
 * holding a function, so they neither die nor leak when code is reloaded.
 */
#ifndef LUA_PLUGIN_TIMER_H
#define LUA_PLUGIN_TIMER_H

#include "lua/core.h"

#define PLUGIN_TIMER_S_MAX (365.0 * 86400)
#define PLUGIN_TIMER_DATA_MAX 65536
#define PLUGIN_TIMER_EVERY_S_MIN 0.05

/* Returns the timer's number, or 0 when the plugin has as many as its manifest allows. */
uint64_t plugin_timer_start(struct plugin_cell *cell, const char *name, double seconds,
                            struct bytes packed);
/* False when there is none of this number. */
bool plugin_timer_cancel(struct slot *slot, uint64_t id);
/* Starts and stops the repeated timers as the generation declares them. */
void plugin_timers_follow(struct runtime_worker *worker, struct slot *slot,
                          const struct generation *generation);
void plugin_timers_stop(struct slot *slot);

#endif
