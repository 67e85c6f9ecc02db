/* From kill -9 under load to serving again, on a file with many messages. */
#include "host/base/clock.h"
#include "tests/load/meshload/pace.h"

#include <stdio.h>

#define NAME "start"
#define CONNECTIONS 100
#define RATE 2000

static size_t accounts(const struct bench *bench)
{
    (void)bench;
    return CONNECTIONS;
}

/* Some load, so that the log has something to recover, and then the end of it. */
static int crash(struct bench *bench, struct side *side)
{
    static struct pace pace;
    struct load load;
    if (side_start(side) != 0) {
        return -1;
    }
    int err = load_open(&load, side, CONNECTIONS, true);
    err = err == 0 ? bench_open_chats(&load) : err;
    if (err == 0) {
        pace_start(&pace, bench, &load, RATE);
        pace_run(&pace, bench->warm_s + bench->run_s / 2);
    }
    side_kill(side);
    load_close(&load);
    return err;
}

static void on_text(struct load *load, struct client *client, struct bytes text)
{
    (void)client;
    if (load_is_answer(text) && load_is_good(load, text)) {
        load->waiting--;
    }
}

static int serve_one(struct bench *bench, struct side *side)
{
    struct load load;
    int err = load_open(&load, side, 2, true);
    err = err == 0 ? bench_open_chats(&load) : err;
    if (err == 0) {
        load.on_text = on_text;
        load.waiting = 1;
        bench_send(bench, &load, load.clients, LOAD_CALL_FIRST);
        err = load_await(&load, "a send");
    }
    load_close(&load);
    return err;
}

static int run(struct bench *bench, struct side *side)
{
    if (side_fill(side, bench->stored) != 0 || crash(bench, side) != 0) {
        return -1;
    }
    uint64_t from = clock_precise_ns();
    if (side_start(side) != 0) {
        return -1;
    }
    double ready_ms = (double)(clock_precise_ns() - from) / 1e6;
    int err = serve_one(bench, side);
    double served_ms = (double)(clock_precise_ns() - from) / 1e6;
    side_stop(side);
    if (err == 0) {
        struct report *report = &bench->report;
        report_add(report, NAME, "messages in the file", "", side->is_bare, (double)bench->stored);
        report_add(report, NAME, "ready after kill -9", "ms", side->is_bare, ready_ms);
        report_add(report, NAME, "first send acknowledged", "ms", side->is_bare, served_ms);
    }
    return err;
}

static void targets(struct report *report)
{
    report_target(report, NAME, "first send acknowledged", TARGET_MAX, 1000);
}

const struct scenario scenario_start = {
    .name = NAME,
    .summary = "from kill -9 to serving again",
    .is_once = true,
    .accounts = accounts,
    .run = run,
    .targets = targets,
};
