/*
 * The bench: the same scenarios against the server and against the bare limit,
 * in turn, so that what else the machine does hits both. Started by
 * tests/load/run, which knows the paths.
 */
#include "tests/load/meshload/accounts.h"
#include "tests/load/meshload/bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS 3
#define DESCRIPTORS_KEPT 200 /* for what is no connection, on either end */
#define STORED_QUICK 20000
#define STORED 100000
#define STORED_FULL 1000000

static const struct scenario *const scenarios[] = {
    &scenario_pairs, &scenario_fan,    &scenario_idle,
    &scenario_paced, &scenario_reload, &scenario_start,
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

struct options {
    const char *server;
    const char *bare;
    const char *schema;
    const char *data;
    const char *json;
    const char *seconds;
    bool quick;
    bool full;
    bool chosen[SCENARIOS];
    bool is_any_chosen;
    bool server_only;
};

static int usage(void)
{
    fputs("usage: ./mesh bench [--quick|--full] [--seconds N] [--server-only] [scenario...]\n\n",
          stderr);
    for (size_t i = 0; i < SCENARIOS; i++) {
        fprintf(stderr, "  %-8s %s\n", scenarios[i]->name, scenarios[i]->summary);
    }
    fputs("\n  --quick        one short run of each, fewer connections\n"
          "  --full         1 million stored messages in the scenario `start`\n"
          "  --seconds N    how long one run measures\n"
          "  --server-only  without the bare limit: no ratios\n",
          stderr);
    return 2;
}

static bool take_scenario(struct options *options, const char *name)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        if (strcmp(name, scenarios[i]->name) == 0) {
            options->chosen[i] = options->is_any_chosen = true;
            return true;
        }
    }
    return false;
}

static bool take_flag(struct options *options, const char *name)
{
    const struct {
        const char *name;
        bool *value;
    } flags[] = {
        {"--quick", &options->quick},
        {"--full", &options->full},
        {"--server-only", &options->server_only},
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(name, flags[i].name) == 0) {
            return *flags[i].value = true;
        }
    }
    return take_scenario(options, name);
}

static bool read_options(struct options *out, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } texts[] = {
        {"--server", &out->server}, {"--bare", &out->bare}, {"--schema", &out->schema},
        {"--data", &out->data},     {"--json", &out->json}, {"--seconds", &out->seconds},
    };
    for (int i = 1; i < argc; i++) {
        bool is_taken = false;
        for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]) && i + 1 < argc; t++) {
            if (strcmp(argv[i], texts[t].name) == 0) {
                *texts[t].value = argv[++i];
                is_taken = true;
                break;
            }
        }
        if (!is_taken && !take_flag(out, argv[i])) {
            return false;
        }
    }
    return out->server && out->bare && out->schema && out->data && out->json;
}

/* ---- running ---- */

static int open_side(struct side *side, const struct options *options, bool is_bare)
{
    *side = (struct side){
        .name = is_bare ? "bare limit" : "server",
        .is_bare = is_bare,
        .program = is_bare ? options->bare : options->server,
        .filler = options->bare,
        .schema = options->schema,
    };
    snprintf(side->folder, sizeof(side->folder), "%s/%s", options->data,
             is_bare ? "bare" : "server");
    (void)mkdir(options->data, 0700);
    if (mkdir(side->folder, 0700) != 0) {
        struct stat info;
        if (stat(side->folder, &info) != 0) {
            perror(side->folder);
            return -1;
        }
    }
    accounts_recall(side);
    return 0;
}

static int run_scenario(struct bench *bench, const struct scenario *scenario, struct side *sides,
                        size_t sides_count)
{
    size_t count = scenario->is_alone ? 1 : sides_count;
    unsigned runs = bench->quick || scenario->is_once ? 1 : RUNS;
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (accounts_ensure(&sides[i], scenario->accounts(bench)) != 0) {
            return -1;
        }
    }
    for (unsigned run = 0; run < runs; run++) {
        for (size_t i = 0; i < count; i++) {
            fprintf(stderr, "meshload: %s, run %u of %u, %s\n", scenario->name, run + 1, runs,
                    sides[i].name);
            failed |= scenario->run(bench, &sides[i]);
        }
    }
    scenario->targets(&bench->report);
    return failed;
}

static void open_bench(struct bench *bench, const struct options *options)
{
    size_t descriptors = machine_descriptors();
    bench->quick = options->quick;
    bench->warm_s = options->quick ? 0.5 : 1;
    bench->run_s = options->seconds ? strtod(options->seconds, NULL) : options->quick ? 2 : 5;
    bench->stored = options->full ? STORED_FULL : options->quick ? STORED_QUICK : STORED;
    bench->connections_max = descriptors > DESCRIPTORS_KEPT ? descriptors - DESCRIPTORS_KEPT : 0;
}

static int run_bench(const struct options *options)
{
    static struct bench bench;
    static struct side sides[2];
    char head[128];
    int failed = 0;
    open_bench(&bench, options);
    if (open_side(&sides[0], options, false) != 0 || open_side(&sides[1], options, true) != 0) {
        return 1;
    }
    for (size_t i = 0; i < SCENARIOS; i++) {
        if (!options->is_any_chosen || options->chosen[i]) {
            failed |= run_scenario(&bench, scenarios[i], sides, options->server_only ? 1 : 2);
        }
    }
    report_print(&bench.report, stdout);
    snprintf(head, sizeof(head), "\"quick\":%s,\"textBytes\":%d,\"complete\":%s,",
             options->quick ? "true" : "false", TEXT_BYTES, failed ? "false" : "true");
    failed |= report_write_json(&bench.report, options->json, head);
    accounts_free(&sides[0]);
    accounts_free(&sides[1]);
    return failed ? 1 : 0;
}

/* The bench is a child, so that it can have a session of its own and still end with us. */
int main(int argc, char **argv)
{
    struct options options = {0};
    if (!read_options(&options, argc, argv)) {
        return usage();
    }
    signal(SIGPIPE, SIG_IGN);
    pid_t pid = fork();
    if (pid == 0) {
        machine_go_first();
        machine_pin(machine_core_generator());
        int status = run_bench(&options);
        fflush(stdout);
        _exit(status);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return 1;
    }
    return WEXITSTATUS(status);
}
