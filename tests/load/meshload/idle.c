/* Opening many sessions by token, and what they cost while nobody says anything. */
#include "host/base/clock.h"
#include "tests/load/meshload/bench.h"

#include <stdio.h>

#define NAME "idle"
#define CONNECTIONS 20000
#define CONNECTIONS_QUICK 2000
#define SETTLE_MS 1500

static size_t accounts(const struct bench *bench)
{
    size_t wanted = bench->quick ? CONNECTIONS_QUICK : CONNECTIONS;
    return wanted < bench->connections_max ? wanted : bench->connections_max;
}

static int run(struct bench *bench, struct side *side)
{
    struct load load;
    size_t count = accounts(bench);
    double seconds;
    if (side_start(side) != 0) {
        return -1;
    }
    double before = machine_rss_bytes(side->pid);
    struct stretch stretch = machine_begin(side->pid);
    int err = load_open(&load, side, count, true);
    machine_end(&stretch, side->pid, &seconds);
    if (err == 0) {
        load_rest(&load, SETTLE_MS);
        double bytes = (machine_rss_bytes(side->pid) - before) / (double)count;
        report_add(&bench->report, NAME, "memory per connection", "KiB", side->is_bare,
                   bytes / 1024);
        report_add(&bench->report, NAME, "opened with a session", "1/s", side->is_bare,
                   (double)count / seconds);
        report_add(&bench->report, NAME, "connections", "", side->is_bare, (double)count);
        report_add(&bench->report, NAME, "memory before", "MiB", side->is_bare, before / (1 << 20));
        bench_add_cost(bench, NAME, side, "CPU per opening", &stretch, seconds, (double)count);
        err = bench_verdict(&load);
    }
    load_close(&load);
    side_stop(side);
    return err;
}

static void targets(struct report *report)
{
    report_target(report, NAME, "memory per connection", TARGET_MAX, 8);
    report_target(report, NAME, "opened with a session", TARGET_MIN, 2000);
}

const struct scenario scenario_idle = {
    .name = NAME,
    .summary = "20,000 connections with a session each, doing nothing",
    .is_once = true,
    .accounts = accounts,
    .run = run,
    .targets = targets,
};
