#include "lua/command.h"

#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/bundle.h"
#include "lua/event.h"
#include "lua/json.h"

#include <stdio.h>
#include <string.h>

/* To worker 0 with the arguments, and back with the result. */
struct command {
    struct letter letter;
    struct runtime *runtime;
    char *name;
    struct buf args;
    struct buf result;
    int err;
    char message[RPC_MESSAGE_BYTES_MAX];
    struct json_doc doc;
    runtime_command_done done;
    void *ctx;
};

static void command_told(struct letter *letter)
{
    struct command *command = LIST_ITEM(letter, struct command, letter);
    command->done(command->ctx, command->err, buf_bytes(&command->result), command->message);
    json_close(&command->doc);
    buf_close(&command->args);
    buf_close(&command->result);
    mem_free(command->name);
    mem_free(command);
}

static void command_end(struct command *command, int err, const char *message)
{
    command->err = err;
    snprintf(command->message, sizeof(command->message), "%s", message);
    command->letter.deliver = command_told;
    loop_post_answer(command->runtime->loop, &command->letter);
}

static int push_arguments(lua_State *L, struct event *event)
{
    const struct command *command = event->ctx;
    json_push(L, &command->doc, command->doc.nodes);
    return 1;
}

static void command_finish(struct event *event)
{
    struct command *command = event->ctx;
    if (event->failure.code) {
        command_end(command, ERR_PLUGIN, event->failure.message);
        return;
    }
    buf_append(&command->result, buf_bytes(&event->worker->out));
    command_end(command, command->result.err, "");
}

static void command_on_worker(struct letter *letter)
{
    struct command *command = LIST_ITEM(letter, struct command, letter);
    struct runtime_worker *worker = command->runtime->workers[0];
    if (worker->is_closing) {
        command_end(command, ERR_UNAVAILABLE, "the server is going away");
        return;
    }
    struct snapshot *snapshot = worker_admit(worker);
    const struct target *target =
        snapshot ? map_get(snapshot->commands, bytes_of(command->name)) : NULL;
    if (!target || json_parse(&command->doc, buf_bytes(&command->args), NULL)) {
        command_end(command, target ? ERR_SYNTAX : ERR_NOT_FOUND,
                    target ? "the arguments can't be read" : "no plugin has this command");
        if (snapshot) {
            worker_leave(worker, snapshot);
        }
        return;
    }
    struct event *event = event_new(worker, snapshot, target);
    event->push = push_arguments;
    event->take = TAKE_JSON;
    event->finish = command_finish;
    event->ctx = command;
    event_run(event);
}

void runtime_command(struct runtime *runtime, struct bytes name, struct bytes args,
                     runtime_command_done done, void *ctx)
{
    struct command *command = mem_alloc(sizeof(*command));
    command->runtime = runtime;
    command->name = mem_copy_text(name.data, name.len);
    command->done = done;
    command->ctx = ctx;
    json_open(&command->doc);
    buf_open(&command->args, COMMAND_ARGS_BYTES_MAX);
    buf_open(&command->result, RUNTIME_RESULT_BYTES_MAX);
    buf_append(&command->args, args);
    command->letter.deliver = command_on_worker;
    loop_post_answer(runtime->workers[0]->loop, &command->letter);
}

/* ---- what there is ---- */

static void describe(struct buf *out, const char *plugin, const struct entry *entry)
{
    buf_append_text(out, out->data[out->len - 1] == '[' ? "" : ",");
    buf_append_text(out, "{\"name\":");
    json_write_string(out, bytes_of(entry->name));
    buf_append_text(out, ",\"plugin\":");
    json_write_string(out, bytes_of(plugin));
    buf_append_text(out, ",\"about\":");
    buf_append_text(out, entry->doc ? entry->doc : "{}");
    buf_append_char(out, '}');
}

void runtime_commands(const struct runtime *runtime, struct buf *out)
{
    const struct snapshot *current = atomic_load(&runtime->current);
    buf_append_char(out, '[');
    for (size_t i = 0; current && i < current->generations_count; i++) {
        const struct generation *generation = current->generations[i];
        for (size_t j = 0; j < generation->wiring->count; j++) {
            const struct entry *entry = &generation->wiring->entries[j];
            if (entry->kind == ENTRY_COMMAND && !out->err) {
                describe(out, generation->bundle->manifest->name, entry);
            }
        }
    }
    buf_append_char(out, ']');
}

/* ---- the gauges of cells, each written by its own worker ---- */

struct gauges_letter {
    struct letter letter;
    struct runtime_worker *worker;
};

static void tell_cell(struct plugin_cell *cell)
{
    struct cell_usage usage;
    cell_usage(cell->cell, &usage);
    metric_add(cell->slot->cpu_us, (int64_t)((usage.cpu_ns - cell->cpu_ns_told) / 1000));
    cell->cpu_ns_told = usage.cpu_ns;
    metric_add(cell->slot->memory, (int64_t)usage.memory_bytes - cell->memory_told);
    cell->memory_told = (int64_t)usage.memory_bytes;
}

static void gauges_on_worker(struct letter *letter)
{
    struct gauges_letter *g = LIST_ITEM(letter, struct gauges_letter, letter);
    struct snapshot *snapshot = g->worker->is_closing ? NULL : worker_admit(g->worker);
    for (size_t i = 0; snapshot && i < snapshot->generations_count; i++) {
        tell_cell(snapshot->generations[i]->cells[g->worker->index]);
    }
    if (snapshot) {
        worker_leave(g->worker, snapshot);
    }
    mem_free(g);
}

void runtime_metrics(struct runtime *runtime)
{
    for (unsigned w = 0; w < runtime->options.workers; w++) {
        struct gauges_letter *g = mem_alloc(sizeof(*g));
        g->letter.deliver = gauges_on_worker;
        g->worker = runtime->workers[w];
        if (loop_post(g->worker->loop, &g->letter)) {
            mem_free(g);
        }
    }
}
