/*
 * One sender to 1,000 members: first one message at a time, then sixteen that
 * arrive together, so that what waits for one socket can go out together.
 */
#include "host/base/buf.h"
#include "host/base/clock.h"
#include "tests/load/meshload/bench.h"
#include "tests/load/wire.h"

#include <stdio.h>
#include <string.h>

#define NAME "fan"
#define MEMBERS 1000
#define WINDOW 16
#define MEMBERS_A_CALL 100 /* the server takes no more at once */
#define QUIET_MS 500       /* for the events of making the group */

struct fan {
    struct bench *bench;
    size_t window;
    size_t sent;
    size_t answered;
    size_t deliveries;
    size_t complete; /* messages that reached everybody */
    uint64_t sent_ns;
    struct histogram latency;
};

static size_t accounts(const struct bench *bench)
{
    (void)bench;
    return MEMBERS + 1;
}

/* ---- the group ---- */

static void on_made(struct load *load, struct client *client, struct bytes text)
{
    if (!load_is_answer(text) || !load_is_good(load, text)) {
        return;
    }
    load->waiting--;
    struct bytes chat = wire_string(text, "chatId");
    if (chat.len > 0 && chat.len < sizeof(client->chat)) {
        memcpy(client->chat, chat.data, chat.len);
        client->chat[chat.len] = '\0';
    }
}

static int add_members(struct load *load, size_t first, struct buf *params)
{
    struct client *sender = load->clients;
    buf_clear(params);
    buf_append_format(params, "{\"chatId\":\"%s\",\"userIds\":[", sender->chat);
    for (size_t i = first; i < first + MEMBERS_A_CALL && i < load->count; i++) {
        buf_append_format(params, "%s\"%s\"", i > first ? "," : "", load->clients[i].account->user);
    }
    buf_append(params, (struct bytes){"]}", 3}); /* with its NUL */
    load->waiting = 1;
    load_call(load, sender, LOAD_CALL_FIRST, "group.add", params->data);
    return load_await(load, "members");
}

static int make_group(struct load *load)
{
    struct buf params;
    load->on_text = on_made;
    load->waiting = 1;
    load_call(load, load->clients, LOAD_CALL_FIRST, "group.create", "{\"title\":\"the bench\"}");
    int err = load_await(load, "a group");
    buf_open(&params, LOAD_PARAMS_MAX);
    for (size_t first = 1; first < load->count && err == 0; first += MEMBERS_A_CALL) {
        err = add_members(load, first, &params);
    }
    buf_close(&params);
    load_rest(load, QUIET_MS);
    return err;
}

/* ---- messages ---- */

/* The next messages, as one piece, when the last ones have reached everybody. */
static void send_more(struct fan *fan, struct load *load)
{
    if (fan->complete < fan->sent || fan->answered < fan->sent) {
        return;
    }
    load_cork(load->clients, true);
    fan->sent_ns = clock_precise_ns();
    for (size_t i = 0; i < fan->window; i++) {
        fan->sent++;
        bench_send(fan->bench, load, load->clients, LOAD_CALL_FIRST);
    }
    load_cork(load->clients, false);
}

/* The receivers get nothing but messages now, so their texts are counted and not read. */
static void on_text(struct load *load, struct client *client, struct bytes text)
{
    struct fan *fan = load->scenario;
    if (client->index == 0) {
        if (!load_is_answer(text) || !load_is_good(load, text)) {
            return;
        }
        fan->answered++;
    } else if (++fan->deliveries % MEMBERS == 0) {
        fan->complete++;
        if (fan->window == 1) {
            histogram_add(&fan->latency, clock_precise_ns() - fan->sent_ns);
        }
    }
}

static void keep_up(struct fan *fan, struct load *load, double seconds)
{
    int64_t until = clock_steady_ms() + (int64_t)(seconds * 1000);
    while (clock_steady_ms() < until) {
        send_more(fan, load);
        load_turn(load, 1000000);
    }
}

static int drain(struct fan *fan, struct load *load)
{
    int64_t until = clock_steady_ms() + LOAD_STUCK_MS_MAX;
    while ((fan->complete < fan->sent || fan->answered < fan->sent) && clock_steady_ms() < until &&
           load->dead + load->errors == 0) {
        load_turn(load, 1000000);
    }
    return fan->complete < fan->sent ? -1 : 0;
}

static void add_figures(struct fan *fan, const struct side *side, const struct stretch *stretch,
                        double seconds, double deliveries)
{
    struct bench *bench = fan->bench;
    bool is_single = fan->window == 1;
    report_add(&bench->report, NAME,
               is_single ? "deliveries, one at a time" : "deliveries, 16 together", "1/s",
               side->is_bare, deliveries / seconds);
    if (is_single) {
        report_add(&bench->report, NAME, "p50 to the last member", "ms", side->is_bare,
                   (double)histogram_at(&fan->latency, 0.5) / 1e6);
        report_add(&bench->report, NAME, "p99 to the last member", "ms", side->is_bare,
                   (double)histogram_at(&fan->latency, 0.99) / 1e6);
    }
    bench_add_cost(bench, NAME, side,
                   is_single ? "CPU per delivery, one at a time" : "CPU per delivery, 16 together",
                   stretch, seconds, deliveries);
}

static int drive(struct bench *bench, struct load *load, size_t window)
{
    static struct fan fan;
    double seconds;
    fan = (struct fan){.bench = bench, .window = window};
    load->scenario = &fan;
    load->on_text = on_text;
    keep_up(&fan, load, bench->warm_s);
    histogram_clear(&fan.latency);
    struct stretch stretch = machine_begin(load->side->pid);
    size_t deliveries = fan.deliveries;
    keep_up(&fan, load, bench->run_s);
    machine_end(&stretch, load->side->pid, &seconds);
    add_figures(&fan, load->side, &stretch, seconds, (double)(fan.deliveries - deliveries));
    return drain(&fan, load);
}

static int run(struct bench *bench, struct side *side)
{
    struct load load;
    if (side_start(side) != 0) {
        return -1;
    }
    int err = load_open(&load, side, MEMBERS + 1, true);
    err = err == 0 ? make_group(&load) : err;
    err = err == 0 ? drive(bench, &load, 1) : err;
    err = err == 0 ? drive(bench, &load, WINDOW) : err;
    err = err == 0 ? bench_verdict(&load) : err;
    load_close(&load);
    side_stop(side);
    return err;
}

static void targets(struct report *report)
{
    report_target(report, NAME, "deliveries, one at a time", TARGET_RATIO_MIN, 0.75);
    report_target(report, NAME, "deliveries, 16 together", TARGET_RATIO_MIN, 0.75);
}

const struct scenario scenario_fan = {
    .name = NAME,
    .summary = "one sender to 1,000 members",
    .accounts = accounts,
    .run = run,
    .targets = targets,
};
