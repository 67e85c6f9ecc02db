/* What every scenario is given, and the scenarios themselves. */
#ifndef TESTS_LOAD_MESHLOAD_BENCH_H
#define TESTS_LOAD_MESHLOAD_BENCH_H

#include "tests/load/meshload/load.h"
#include "tests/load/meshload/machine.h"
#include "tests/load/meshload/report.h"

#define TEXT_BYTES 200

struct bench {
    struct report report;
    double warm_s;
    double run_s;
    bool quick;
    size_t connections_max; /* that the descriptors allow */
    int64_t stored;         /* messages in the file, for the scenario `start` */
    uint64_t sends;         /* for names of messages, over all runs */
};

/* One run against one side that has the accounts and does not run. 0 when figures came of it, or
 * -1 after saying why not. */
struct scenario {
    const char *name;
    const char *summary;
    bool is_alone; /* the bare limit has nothing like it */
    bool is_once;  /* one run is enough, or all that there is time for */
    size_t (*accounts)(const struct bench *bench);
    int (*run)(struct bench *bench, struct side *side);
    void (*targets)(struct report *report);
};

extern const struct scenario scenario_pairs;
extern const struct scenario scenario_fan;
extern const struct scenario scenario_idle;
extern const struct scenario scenario_paced;
extern const struct scenario scenario_reload;
extern const struct scenario scenario_start;

/* What the scenarios share (common.c). */

/* Sends a text of TEXT_BYTES to the client's chat, under a name never used before. */
void bench_send(struct bench *bench, struct load *load, struct client *client, int64_t call);
/* Opens the direct chats of clients 0 and 1, 2 and 3...; both then have it in client->chat. */
int bench_open_chats(struct load *load);
/* Adds p50, p99, p99.9 and max in ms. */
void bench_add_latency(struct bench *bench, const char *scenario, const struct side *side,
                       const struct histogram *ns);
/* Adds CPU of the server for each of so many, and how busy others kept the machine. */
void bench_add_cost(struct bench *bench, const char *scenario, const struct side *side,
                    const char *name, const struct stretch *stretch, double seconds, double count);
/* Whether all went well; else says how it did not. */
int bench_verdict(const struct load *load);

#endif
