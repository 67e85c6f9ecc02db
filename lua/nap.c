#include "lua/nap.h"

#include "host/base/check.h"
#include "host/base/mem.h"
#include "lua/event.h"
#include "lua/plugin_timer.h"

#include <lauxlib.h>

/* Past its task's deadline no nap is of use; the deadline comes first and tells. */
#define NAP_OVER_DEADLINE_MS 1000

struct nap {
    struct list node; /* of its cell */
    struct timer timer;
    struct wait wait;
};

static void nap_free(void *result)
{
    mem_free(result);
}

static void nap_over(struct timer *timer)
{
    struct nap *nap = LIST_ITEM(timer, struct nap, timer);
    list_remove(&nap->node);
    wait_end(nap->wait, nap, nap_free);
}

static int nap_finish(lua_State *L, void *result)
{
    (void)L;
    (void)result;
    return 0;
}

static int64_t nap_ms_max(const struct event *event)
{
    uint32_t wall_ms = event->task.wall_ms_max;
    return (wall_ms ? wall_ms : event->cell->generation->bundle->manifest->limits.wall_ms) +
           (int64_t)NAP_OVER_DEADLINE_MS;
}

int nap_sleep(lua_State *L)
{
    lua_Number seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= PLUGIN_TIMER_S_MAX, 1,
                  "0 to 31536000 seconds expected");
    int64_t ms = (int64_t)(seconds * 1000);
    struct wait wait = wait_open(L);
    int64_t ms_max = nap_ms_max(event_of(L));
    struct nap *nap = mem_alloc(sizeof(*nap));
    nap->wait = wait;
    list_append(&wait.cell->naps, &nap->node);
    timer_open(&nap->timer, wait.cell->worker->loop, nap_over);
    timer_start(&nap->timer, ms < ms_max ? ms : ms_max);
    return task_suspend(L, nap_finish, nap_free);
}

void naps_stop(struct plugin_cell *cell)
{
    while (!list_is_empty(&cell->naps)) {
        struct nap *nap = LIST_ITEM(cell->naps.next, struct nap, node);
        list_remove(&nap->node);
        timer_stop(&nap->timer);
        CHECK(cell->pending > 0);
        cell->pending--;
        mem_free(nap);
    }
}
