#include "tests/load/meshload/report.h"

#include <stdlib.h>
#include <string.h>

static struct figure *find(struct report *report, const char *scenario, const char *name)
{
    for (size_t i = 0; i < report->count; i++) {
        struct figure *f = &report->figures[i];
        if (strcmp(f->scenario, scenario) == 0 && strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

void report_add(struct report *report, const char *scenario, const char *name, const char *unit,
                bool is_bare, double value)
{
    struct figure *f = find(report, scenario, name);
    if (f == NULL && report->count < REPORT_FIGURES_MAX) {
        f = &report->figures[report->count++];
        *f = (struct figure){.scenario = scenario, .name = name, .unit = unit};
    }
    if (f != NULL && f->samples[is_bare].count < REPORT_RUNS_MAX) {
        f->samples[is_bare].values[f->samples[is_bare].count++] = value;
    }
}

void report_target(struct report *report, const char *scenario, const char *name,
                   enum target_kind kind, double target)
{
    struct figure *f = find(report, scenario, name);
    if (f != NULL) {
        f->kind = kind;
        f->target = target;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct samples *samples)
{
    struct samples sorted = *samples;
    qsort(sorted.values, sorted.count, sizeof(sorted.values[0]), compare);
    size_t middle = sorted.count / 2;
    if (sorted.count == 0) {
        return 0;
    }
    return sorted.count % 2 == 1 ? sorted.values[middle]
                                 : (sorted.values[middle - 1] + sorted.values[middle]) / 2;
}

/* Of server to bare, or 0 when there is nothing to compare. */
static double ratio(const struct figure *f)
{
    double bare = median(&f->samples[1]);
    return f->samples[0].count > 0 && bare > 0 ? median(&f->samples[0]) / bare : 0;
}

/* Without one of the two sides there is nothing to meet. */
static bool is_judged(const struct figure *f)
{
    return f->kind != TARGET_NONE && f->samples[0].count > 0 &&
           (f->kind != TARGET_RATIO_MIN || f->samples[1].count > 0);
}

static bool is_met(const struct figure *f)
{
    switch (f->kind) {
    case TARGET_RATIO_MIN:
        return ratio(f) >= f->target;
    case TARGET_MIN:
        return median(&f->samples[0]) >= f->target;
    case TARGET_MAX:
        return median(&f->samples[0]) <= f->target;
    case TARGET_NONE:
        break;
    }
    return true;
}

/* Some figures count connections and some milliseconds: four digits tell enough of either. */
static void number(char out[24], double value, bool is_there)
{
    if (!is_there) {
        snprintf(out, 24, "-");
    } else if (value >= 1000 || value <= -1000) {
        snprintf(out, 24, "%.0f", value);
    } else {
        snprintf(out, 24, "%.4g", value);
    }
}

static void target_text(char out[32], const struct figure *f)
{
    switch (f->kind) {
    case TARGET_RATIO_MIN:
        snprintf(out, 32, "ratio >= %g", f->target);
        return;
    case TARGET_MIN:
        snprintf(out, 32, ">= %g", f->target);
        return;
    case TARGET_MAX:
        snprintf(out, 32, "<= %g", f->target);
        return;
    case TARGET_NONE:
        break;
    }
    out[0] = '\0';
}

void report_print(const struct report *report, FILE *out)
{
    fprintf(out, "%-8s %-32s %6s %10s %10s  %-10s %-16s\n", "scenario", "figure", "ratio", "server",
            "bare", "unit", "target");
    for (size_t i = 0; i < report->count; i++) {
        const struct figure *f = &report->figures[i];
        char both[24];
        char server[24];
        char bare[24];
        char target[32];
        number(both, ratio(f), ratio(f) > 0);
        number(server, median(&f->samples[0]), f->samples[0].count > 0);
        number(bare, median(&f->samples[1]), f->samples[1].count > 0);
        target_text(target, f);
        fprintf(out, "%-8s %-32s %6s %10s %10s  %-10s %-16s %s\n", f->scenario, f->name, both,
                server, bare, f->unit, target,
                f->kind == TARGET_NONE ? ""
                : is_met(f)            ? "pass"
                                       : "SHORT");
    }
}

static void write_samples(FILE *out, const char *name, const struct samples *samples)
{
    fprintf(out, ",\"%s\":{\"median\":%.9g,\"runs\":[", name, median(samples));
    for (size_t i = 0; i < samples->count; i++) {
        fprintf(out, "%s%.9g", i > 0 ? "," : "", samples->values[i]);
    }
    fputs("]}", out);
}

static void write_figure(FILE *out, const struct figure *f)
{
    static const char *const kinds[] = {"", "ratioMin", "min", "max"};
    fprintf(out, "{\"scenario\":\"%s\",\"figure\":\"%s\",\"unit\":\"%s\"", f->scenario, f->name,
            f->unit);
    if (ratio(f) > 0) {
        fprintf(out, ",\"ratio\":%.6g", ratio(f));
    }
    for (int side = 0; side < 2; side++) {
        if (f->samples[side].count > 0) {
            write_samples(out, side == 0 ? "server" : "bare", &f->samples[side]);
        }
    }
    if (is_judged(f)) {
        fprintf(out, ",\"target\":{\"kind\":\"%s\",\"value\":%g,\"met\":%s}", kinds[f->kind],
                f->target, is_met(f) ? "true" : "false");
    }
    fputs("}", out);
}

int report_write_json(const struct report *report, const char *path, const char *head)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        return -1;
    }
    fprintf(out, "{%s\"figures\":[\n", head);
    for (size_t i = 0; i < report->count; i++) {
        write_figure(out, &report->figures[i]);
        fputs(i + 1 < report->count ? ",\n" : "\n", out);
    }
    fputs("]}\n", out);
    return fclose(out) == 0 ? 0 : -1;
}
