/* 1,000 durable sends a second over 5,000 connections, beside the disk's own fsync. */
#include "tests/load/meshload/pace.h"

#define NAME "paced"
#define CONNECTIONS 5000
#define CONNECTIONS_QUICK 1000
#define RATE 1000
#define SYNCS 400 /* before, and again after */
#define LONGER 2  /* than other runs: a p99 needs many */

static size_t accounts(const struct bench *bench)
{
    return bench->quick ? CONNECTIONS_QUICK : CONNECTIONS;
}

static int drive(struct bench *bench, struct load *load, struct histogram *sync_ns)
{
    static struct pace pace;
    const struct side *side = load->side;
    double seconds;
    pace_start(&pace, bench, load, RATE);
    pace_run(&pace, bench->warm_s);
    pace_count_anew(&pace);
    struct stretch stretch = machine_begin(side->pid);
    uint64_t answers = pace.answers;
    pace_run(&pace, bench->run_s * LONGER);
    machine_end(&stretch, side->pid, &seconds);
    double count = (double)(pace.answers - answers);
    if (pace_end(&pace) != 0 || machine_fsync(side->folder, SYNCS, sync_ns) != 0) {
        return -1;
    }
    double disk_ms = (double)histogram_at(sync_ns, 0.99) / 1e6;
    double ours_ms = (double)histogram_at(&pace.latency, 0.99) / 1e6;
    report_add(&bench->report, NAME, "p99 above the disk's", "ms", side->is_bare,
               ours_ms - disk_ms);
    report_add(&bench->report, NAME, "fdatasync p50", "ms", side->is_bare,
               (double)histogram_at(sync_ns, 0.5) / 1e6);
    report_add(&bench->report, NAME, "fdatasync p99", "ms", side->is_bare, disk_ms);
    bench_add_latency(bench, NAME, side, &pace.latency);
    report_add(&bench->report, NAME, "acknowledged", "1/s", side->is_bare, count / seconds);
    bench_add_cost(bench, NAME, side, "CPU per message", &stretch, seconds, count);
    return 0;
}

static int run(struct bench *bench, struct side *side)
{
    struct load load;
    static struct histogram sync_ns;
    histogram_clear(&sync_ns);
    if (side_start(side) != 0) {
        return -1;
    }
    int err = load_open(&load, side, accounts(bench), true);
    err = err == 0 ? bench_open_chats(&load) : err;
    err = err == 0 ? machine_fsync(side->folder, SYNCS, &sync_ns) : err;
    err = err == 0 ? drive(bench, &load, &sync_ns) : err;
    err = err == 0 ? bench_verdict(&load) : err;
    load_close(&load);
    side_stop(side);
    return err;
}

static void targets(struct report *report)
{
    report_target(report, NAME, "p99 above the disk's", TARGET_MAX, 5);
}

const struct scenario scenario_paced = {
    .name = NAME,
    .summary = "1,000 durable sends a second over 5,000 connections, open loop",
    .accounts = accounts,
    .run = run,
    .targets = targets,
};
