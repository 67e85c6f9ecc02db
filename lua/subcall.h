/*
 * Plugin code that waits for other plugins' code: mesh.call, and the chain of
 * hooks of a point.
 */
#ifndef LUA_SUBCALL_H
#define LUA_SUBCALL_H

#include "lua/event.h"

#define SUBCALL_TYPE "mesh.subcall"

struct subcall {
    struct wait wait;
    /* Copies of what the waiting event is: it may be gone (timed out) before its callee ends. */
    struct runtime_worker *worker;
    struct snapshot *snapshot; /* held until it ends */
    struct subcall **box;      /* the Lua object that frees it when the host function raises */
    const struct generation *callers[RUNTIME_CALL_DEPTH_MAX];
    unsigned depth;
    unsigned hops;
    const struct slot *from;
    bool has_ended;
    bool is_waited;
    bool has_value;
    struct failure failure;
    struct buf value; /* packed */
    void *extra;      /* of the one who uses it */
    void (*extra_free)(void *extra);
};

void subcall_open_lib(lua_State *L);
/* Returns one for the event that runs L and pushes what frees it; raises where the code can't wait,
 * and when calls are nested too deeply. Then nothing may raise until subcall_return. */
struct subcall *subcall_new(lua_State *L);
void subcall_free(void *result);
/* Whether the target's plugin is itself among those that wait. */
bool subcall_is_circle(const struct subcall *sub, const struct target *target);
/* An event for target under the snapshot of the waiting one; set push and finish, run it. */
struct event *subcall_event(struct subcall *sub, const struct target *target);
/* Keeps how the event ended. */
void subcall_take(struct subcall *sub, struct event *event);
/* All is done: the waiting code goes on, or subcall_return does not wait. */
void subcall_end(struct subcall *sub);
/* The host function's return. */
int subcall_return(lua_State *L, struct subcall *sub, task_finish finish);

#endif
