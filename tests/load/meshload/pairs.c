/*
 * Durable sends between two: every connection of every pair sends its next
 * message when the one before is acknowledged, and gets the other's.
 */
#include "host/base/clock.h"
#include "tests/load/meshload/bench.h"

#define NAME "pairs"
#define CONNECTIONS 1000

struct pairs {
    struct bench *bench;
    struct histogram latency;
    bool is_measuring;
    bool is_over;
    size_t answers;
    size_t events;
};

static size_t accounts(const struct bench *bench)
{
    (void)bench;
    return CONNECTIONS;
}

static void send_next(struct pairs *pairs, struct load *load, struct client *client)
{
    client->sent_ns = clock_precise_ns();
    bench_send(pairs->bench, load, client, LOAD_CALL_FIRST);
}

static void on_text(struct load *load, struct client *client, struct bytes text)
{
    struct pairs *pairs = load->scenario;
    if (!load_is_answer(text)) {
        pairs->events++;
        return;
    }
    if (!load_is_good(load, text)) {
        return;
    }
    pairs->answers++;
    load->waiting--;
    if (pairs->is_measuring) {
        histogram_add(&pairs->latency, clock_precise_ns() - client->sent_ns);
    }
    if (!pairs->is_over) {
        load->waiting++;
        send_next(pairs, load, client);
    }
}

static void measure(struct pairs *pairs, struct load *load)
{
    struct bench *bench = pairs->bench;
    const struct side *side = load->side;
    double seconds;
    load_rest(load, (int64_t)(bench->warm_s * 1000));
    struct stretch stretch = machine_begin(side->pid);
    size_t answers = pairs->answers;
    size_t events = pairs->events;
    pairs->is_measuring = true;
    load_rest(load, (int64_t)(bench->run_s * 1000));
    pairs->is_measuring = false;
    machine_end(&stretch, side->pid, &seconds);
    double messages = (double)(pairs->answers - answers);
    report_add(&bench->report, NAME, "durable sends", "1/s", side->is_bare, messages / seconds);
    report_add(&bench->report, NAME, "events", "1/s", side->is_bare,
               (double)(pairs->events - events) / seconds);
    bench_add_latency(bench, NAME, side, &pairs->latency);
    bench_add_cost(bench, NAME, side, "CPU per message", &stretch, seconds, messages);
    report_add(&bench->report, NAME, "memory", "MiB", side->is_bare,
               machine_rss_bytes(side->pid) / (1 << 20));
}

static int drive(struct bench *bench, struct load *load)
{
    static struct pairs pairs;
    pairs = (struct pairs){.bench = bench};
    if (bench_open_chats(load) != 0) {
        return -1;
    }
    load->scenario = &pairs;
    load->on_text = on_text;
    load->waiting = load->count;
    for (size_t i = 0; i < load->count; i++) {
        send_next(&pairs, load, &load->clients[i]);
    }
    measure(&pairs, load);
    pairs.is_over = true;
    return load_await(load, "acknowledgements");
}

static int run(struct bench *bench, struct side *side)
{
    struct load load;
    if (side_start(side) != 0) {
        return -1;
    }
    int err = load_open(&load, side, CONNECTIONS, true);
    if (err == 0) {
        err = drive(bench, &load);
    }
    err = err == 0 ? bench_verdict(&load) : err;
    load_close(&load);
    side_stop(side);
    return err;
}

static void targets(struct report *report)
{
    report_target(report, NAME, "durable sends", TARGET_RATIO_MIN, 0.4);
}

const struct scenario scenario_pairs = {
    .name = NAME,
    .summary = "durable sends in 500 pairs, closed loop",
    .accounts = accounts,
    .run = run,
    .targets = targets,
};
