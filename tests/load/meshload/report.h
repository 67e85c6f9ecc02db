/*
 * The figures of all runs: medians, the ratio of the server to the bare limit,
 * and what was to be reached. A figure that falls short is marked; it fails
 * nothing, for a busy machine is nobody's mistake.
 */
#ifndef TESTS_LOAD_MESHLOAD_REPORT_H
#define TESTS_LOAD_MESHLOAD_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define REPORT_FIGURES_MAX 96
#define REPORT_RUNS_MAX 15

enum target_kind {
    TARGET_NONE,
    TARGET_RATIO_MIN, /* the server's median is at least this share of the bare one's */
    TARGET_MIN,       /* the server's median itself */
    TARGET_MAX,
};

/* Runs of one side. */
struct samples {
    size_t count;
    double values[REPORT_RUNS_MAX];
};

struct figure {
    const char *scenario; /* lent for good, as are the name and the unit */
    const char *name;
    const char *unit;
    struct samples samples[2]; /* the server's, the bare limit's */
    enum target_kind kind;
    double target;
};

struct report {
    size_t count;
    struct figure figures[REPORT_FIGURES_MAX];
};

void report_add(struct report *report, const char *scenario, const char *name, const char *unit,
                bool is_bare, double value);
void report_target(struct report *report, const char *scenario, const char *name,
                   enum target_kind kind, double target);

void report_print(const struct report *report, FILE *out);
/* head: members of the outer object, with a comma at the end, such as `"quick":true,`. */
int report_write_json(const struct report *report, const char *path, const char *head);

#endif
