/*
 * Tasks that wait: the tickets that find them again, and their wall deadline.
 * A ticket names a slot and how often the slot was used, so an answer that
 * comes late finds nobody, even when its task is freed memory.
 */
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/cell_private.h"

#include <stddef.h>

/* ---- tickets ---- */

#define TICKET_INDEX_BITS 16

static uint32_t slot_take(struct cell *cell)
{
    if (cell->slots_free == 0) {
        uint32_t count = cell->slots_count ? cell->slots_count * 2 : 8;
        cell->slots = mem_realloc(cell->slots, count * sizeof(*cell->slots));
        for (uint32_t i = count; i-- > cell->slots_count;) {
            cell->slots[i] = (struct slot){NULL, 0, cell->slots_free};
            cell->slots_free = i + 1;
        }
        cell->slots_count = count;
    }
    uint32_t index = cell->slots_free - 1;
    cell->slots_free = cell->slots[index].next_free;
    return index;
}

void park_renew_ticket(struct task *task)
{
    struct cell *cell = task->cell;
    uint32_t index = task->ticket ? task->ticket & UINT16_MAX : slot_take(cell);
    struct slot *slot = &cell->slots[index];
    slot->task = task;
    slot->generation++; /* from 1: a ticket is never 0 */
    task->ticket = slot->generation << TICKET_INDEX_BITS | index;
}

void park_drop_ticket(struct task *task)
{
    if (task->ticket == 0) {
        return;
    }
    uint32_t index = task->ticket & UINT16_MAX;
    struct slot *slot = &task->cell->slots[index];
    slot->task = NULL;
    slot->generation++;
    slot->next_free = task->cell->slots_free;
    task->cell->slots_free = index + 1;
    task->ticket = 0;
}

/* The task that waits with this ticket, or NULL; ticket.task may be freed memory. */
struct task *park_find(struct ticket ticket)
{
    uint32_t index = ticket.number & UINT16_MAX;
    if (ticket.number == 0 || index >= ticket.cell->slots_count) {
        return NULL;
    }
    struct task *task = ticket.cell->slots[index].task;
    return task != NULL && task->ticket == ticket.number && task->state == TASK_PARKED ? task
                                                                                       : NULL;
}

/* ---- waiting, with a wall deadline ---- */

static void deadline_arm(struct cell *cell, int64_t deadline_ms)
{
    if (cell->loop == NULL) {
        return;
    }
    if (!timer_is_armed(&cell->deadline) || cell->deadline.due_ms > deadline_ms) {
        int64_t delay = deadline_ms - clock_steady_ms();
        timer_start(&cell->deadline, delay > 0 ? delay : 0);
    }
}

void park_enter(struct task *task)
{
    struct cell *cell = task->cell;
    if (task->deadline_ms == 0) { /* its first wait: what came before was at most its CPU */
        uint32_t wall = task->wall_ms_max ? task->wall_ms_max : cell->wall_ms_max;
        task->deadline_ms = clock_steady_ms() + wall;
    }
    task->state = TASK_PARKED;
    task->prev = NULL;
    task->next = cell->parked;
    if (task->next != NULL) {
        task->next->prev = task;
    }
    cell->parked = task;
    deadline_arm(cell, task->deadline_ms);
}

void park_leave(struct task *task)
{
    if (task->prev != NULL) {
        task->prev->next = task->next;
    } else {
        task->cell->parked = task->next;
    }
    if (task->next != NULL) {
        task->next->prev = task->prev;
    }
    task->prev = task->next = NULL;
    task->state = TASK_RUNNING;
}

static struct task *overdue(const struct cell *cell, int64_t now)
{
    for (struct task *task = cell->parked; task != NULL; task = task->next) {
        if (task->deadline_ms <= now) {
            return task;
        }
    }
    return NULL;
}

/* done may run, park or cancel any task, so each look starts anew. */
static void deadline_fire(struct timer *timer)
{
    struct cell *cell = (struct cell *)((char *)timer - offsetof(struct cell, deadline));
    int64_t now = clock_steady_ms();
    cell->inside++;
    for (struct task *task = overdue(cell, now); task != NULL; task = overdue(cell, now)) {
        task_cancel(task, ERR_TIMEOUT);
    }
    cell->inside--;
    for (struct task *task = cell->parked; task != NULL; task = task->next) {
        deadline_arm(cell, task->deadline_ms);
    }
}

void park_open(struct cell *cell)
{
    if (cell->loop != NULL) {
        timer_open(&cell->deadline, cell->loop, deadline_fire);
    }
}

void park_close(struct cell *cell)
{
    if (cell->loop != NULL) {
        timer_stop(&cell->deadline);
    }
    mem_free(cell->slots);
}
