#include "tests/load/meshload/pace.h"

#include "host/base/clock.h"
#include "tests/load/wire.h"

static uint64_t due_ns(const struct pace *pace, uint64_t number)
{
    return pace->began_ns + number * pace->step_ns;
}

static void on_text(struct load *load, struct client *client, struct bytes text)
{
    struct pace *pace = load->scenario;
    (void)client;
    if (!load_is_answer(text)) {
        pace->events++;
        return;
    }
    pace->answers++;
    int64_t number = wire_integer(text, "id") - LOAD_CALL_FIRST;
    if (load_is_good(load, text) && number >= 0 && (uint64_t)number >= pace->counts_from) {
        histogram_add(&pace->latency, clock_precise_ns() - due_ns(pace, (uint64_t)number));
    }
}

void pace_start(struct pace *pace, struct bench *bench, struct load *load, unsigned rate)
{
    *pace = (struct pace){
        .bench = bench,
        .load = load,
        .began_ns = clock_precise_ns(),
        .step_ns = 1000000000U / rate,
    };
    load->scenario = pace;
    load->on_text = on_text;
}

void pace_turn(struct pace *pace)
{
    struct load *load = pace->load;
    uint64_t now = clock_precise_ns();
    while (due_ns(pace, pace->due) <= now) {
        bench_send(pace->bench, load, &load->clients[pace->due % load->count],
                   LOAD_CALL_FIRST + (int64_t)pace->due);
        pace->due++;
    }
    now = clock_precise_ns();
    uint64_t next = due_ns(pace, pace->due);
    load_turn(load, next > now ? (int64_t)(next - now) : 0);
}

void pace_run(struct pace *pace, double seconds)
{
    uint64_t until = clock_precise_ns() + (uint64_t)(seconds * 1e9);
    while (clock_precise_ns() < until) {
        pace_turn(pace);
    }
}

void pace_count_anew(struct pace *pace)
{
    pace->counts_from = pace->due;
    histogram_clear(&pace->latency);
}

int pace_end(struct pace *pace)
{
    pace->load->waiting = (size_t)(pace->due - pace->answers);
    while (pace->load->waiting > 0) {
        size_t before = pace->load->waiting;
        load_rest(pace->load, 100);
        pace->load->waiting = (size_t)(pace->due - pace->answers);
        if (pace->load->waiting == before) {
            break;
        }
    }
    return load_await(pace->load, "acknowledgements");
}
