/* What senders notice while the chat plugin is replaced under them, again and again. */
#include "host/base/clock.h"
#include "tests/load/meshload/pace.h"

#include <stdio.h>
#include <sys/wait.h>

#define NAME "reload"
#define CONNECTIONS 20
#define RATE 500
#define RELOADS 10
#define BETWEEN_S 0.3

static size_t accounts(const struct bench *bench)
{
    (void)bench;
    return CONNECTIONS;
}

/* Keeps the pace while the plugin is reloaded; the ms it took, or -1. */
static double reload_once(struct pace *pace)
{
    const struct side *side = pace->load->side;
    uint64_t from = clock_precise_ns();
    int status = 0;
    pid_t pid = side_spawn((const char *const[]){side->program, "plugin", "reload", "chat",
                                                 "--data", side->folder, NULL});
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        pace_turn(pace);
    }
    if (pid <= 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "meshload: `plugin reload chat` failed\n");
        return -1;
    }
    return (double)(clock_precise_ns() - from) / 1e6;
}

static int drive(struct bench *bench, struct load *load)
{
    static struct pace pace;
    struct report *report = &bench->report;
    pace_start(&pace, bench, load, RATE);
    pace_run(&pace, bench->warm_s);
    pace_count_anew(&pace);
    pace_run(&pace, bench->run_s);
    report_add(report, NAME, "p99 undisturbed", "ms", false,
               (double)histogram_at(&pace.latency, 0.99) / 1e6);
    report_add(report, NAME, "max undisturbed", "ms", false, (double)pace.latency.max / 1e6);
    pace_count_anew(&pace);
    for (int i = 0; i < RELOADS; i++) {
        double ms = reload_once(&pace);
        if (ms < 0) {
            return -1;
        }
        report_add(report, NAME, "a reload, with the command", "ms", false, ms);
        pace_run(&pace, BETWEEN_S);
    }
    bench_add_latency(bench, NAME, load->side, &pace.latency);
    int err = pace_end(&pace);
    report_add(report, NAME, "events short of answers", "", false,
               (double)pace.answers - (double)pace.events);
    return err;
}

static int run(struct bench *bench, struct side *side)
{
    struct load load;
    if (side_start(side) != 0) {
        return -1;
    }
    int err = load_open(&load, side, CONNECTIONS, true);
    err = err == 0 ? bench_open_chats(&load) : err;
    err = err == 0 ? drive(bench, &load) : err;
    err = err == 0 ? bench_verdict(&load) : err;
    load_close(&load);
    side_stop(side);
    return err;
}

static void targets(struct report *report)
{
    report_target(report, NAME, "events short of answers", TARGET_MAX, 0);
}

const struct scenario scenario_reload = {
    .name = NAME,
    .summary = "500 durable sends a second while chat is reloaded 10 times",
    .is_alone = true,
    .is_once = true,
    .accounts = accounts,
    .run = run,
    .targets = targets,
};
