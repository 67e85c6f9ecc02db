#include "host/base/metric.h"

#include "host/base/check.h"
#include "host/base/map.h"
#include "host/base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

/* Three a decade, and as text so that 0.0001 is written the same everywhere. */
static const struct {
    uint64_t ns;
    const char *seconds;
} buckets[] = {
    {50000, "0.00005"},
    {100000, "0.0001"},
    {200000, "0.0002"},
    {500000, "0.0005"},
    {1000000, "0.001"},
    {2000000, "0.002"},
    {5000000, "0.005"},
    {10000000, "0.01"},
    {20000000, "0.02"},
    {50000000, "0.05"},
    {100000000, "0.1"},
    {200000000, "0.2"},
    {500000000, "0.5"},
    {1000000000, "1"},
    {2000000000, "2"},
    {5000000000, "5"},
    {UINT64_C(10000000000), "10"},
    {UINT64_C(20000000000), "20"},
    {UINT64_C(30000000000), "30"},
};
#define BUCKET_COUNT (sizeof(buckets) / sizeof(buckets[0]))

struct metric {
    struct metric *next; /* in its family, in the order they were made */
    char *labels;
    enum kind kind;
    _Atomic int64_t value;    /* of a histogram: how many were observed */
    _Atomic uint64_t *counts; /* histograms only: one a bucket, and one for the rest */
    _Atomic uint64_t sum_ns;
};

struct family {
    struct family *next; /* by name */
    char *name;
    char *help;
    enum kind kind;
    struct metric *first;
    struct metric **last;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
/* Under registry_lock. */
static struct family *families;
static struct map *metrics; /* by name, a brace and labels */
static size_t metric_total;

static struct family *family_of(const char *name, const char *help, enum kind kind)
{
    struct family **at = &families;
    while (*at != NULL && strcmp((*at)->name, name) < 0) {
        at = &(*at)->next;
    }
    if (*at == NULL || strcmp((*at)->name, name) != 0) {
        struct family *made = mem_alloc(sizeof(*made));
        made->next = *at;
        made->name = mem_copy_text(name, strlen(name));
        made->help = mem_copy_text(help, strlen(help));
        made->kind = kind;
        made->last = &made->first;
        *at = made;
    }
    return *at;
}

static struct metric *metric_make(struct family *family, const char *labels)
{
    struct metric *metric = mem_alloc(sizeof(*metric));
    metric->labels = mem_copy_text(labels, strlen(labels));
    metric->kind = family->kind;
    if (family->kind == KIND_HISTOGRAM) {
        metric->counts = mem_alloc_array(BUCKET_COUNT + 1, sizeof(*metric->counts));
    }
    *family->last = metric;
    family->last = &metric->next;
    return metric;
}

/* One for each kind, so that whoever asked for a histogram can observe into what he got. */
static struct metric *metric_surplus(enum kind kind)
{
    static struct metric *surplus[KIND_HISTOGRAM + 1];
    if (surplus[kind] == NULL) {
        /* Only the counter is shown; the others hold what nobody could tell apart. */
        struct family hidden = {.kind = kind, .last = &hidden.first};
        struct family *family =
            kind == KIND_COUNTER
                ? family_of("metrics_dropped_total", "Updates of metrics past the limit.", kind)
                : &hidden;
        surplus[kind] = metric_make(family, "");
    }
    return surplus[kind];
}

static struct metric *metric_find(const char *name, const char *labels, const char *help,
                                  enum kind kind)
{
    struct buf key;
    buf_open(&key, SIZE_MAX);
    buf_append_text(&key, name);
    buf_append_char(&key, '{');
    CHECK(buf_append_text(&key, labels) == 0);

    pthread_mutex_lock(&registry_lock);
    if (metrics == NULL) {
        metrics = map_new(METRIC_COUNT_MAX);
    }
    struct metric *metric = map_get(metrics, buf_bytes(&key));
    if (metric == NULL) {
        bool has_room = metric_total < METRIC_COUNT_MAX;
        struct family *family = has_room ? family_of(name, help, kind) : NULL;
        /* A name with two kinds is a plugin's mistake, and no reason to stop the process. */
        bool fits = family != NULL && family->kind == kind;
        metric = fits ? metric_make(family, labels) : metric_surplus(kind);
        if (fits) {
            metric_total++;
            CHECK(map_put(metrics, buf_bytes(&key), metric, NULL) == 0);
        }
    } else if (metric->kind != kind) {
        metric = metric_surplus(kind);
    }
    pthread_mutex_unlock(&registry_lock);
    buf_close(&key);
    return metric;
}

struct metric *metric_counter(const char *name, const char *labels, const char *help)
{
    return metric_find(name, labels, help, KIND_COUNTER);
}

struct metric *metric_gauge(const char *name, const char *labels, const char *help)
{
    return metric_find(name, labels, help, KIND_GAUGE);
}

struct metric *metric_histogram(const char *name, const char *labels, const char *help)
{
    return metric_find(name, labels, help, KIND_HISTOGRAM);
}

void metric_add(struct metric *metric, int64_t amount)
{
    CHECK(metric->kind != KIND_HISTOGRAM);
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

void metric_set(struct metric *gauge, int64_t value)
{
    CHECK(gauge->kind == KIND_GAUGE);
    atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

void metric_observe_ns(struct metric *histogram, uint64_t ns)
{
    CHECK(histogram->kind == KIND_HISTOGRAM);
    size_t bucket = 0;
    while (bucket < BUCKET_COUNT && ns > buckets[bucket].ns) {
        bucket++;
    }
    atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, ns, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->value, 1, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

/* A name with its labels and, for a bucket, its upper bound. */
static void write_series(struct buf *out, const char *name, const char *suffix, const char *labels,
                         const char *le)
{
    buf_append_text(out, name);
    buf_append_text(out, suffix);
    if (labels[0] != '\0' || le != NULL) {
        buf_append_char(out, '{');
        buf_append_text(out, labels);
        buf_append_text(out, labels[0] != '\0' && le != NULL ? "," : "");
        if (le != NULL) {
            buf_append_format(out, "le=\"%s\"", le);
        }
        buf_append_char(out, '}');
    }
    buf_append_char(out, ' ');
}

static void write_histogram(struct buf *out, const char *name, const struct metric *metric)
{
    /* _count is the sum of what was read here, so that it equals the last bucket while others
     * observe. */
    uint64_t total = 0;
    for (size_t i = 0; i <= BUCKET_COUNT; i++) {
        total += atomic_load_explicit(&metric->counts[i], memory_order_relaxed);
        write_series(out, name, "_bucket", metric->labels,
                     i < BUCKET_COUNT ? buckets[i].seconds : "+Inf");
        buf_append_integer(out, (int64_t)total);
        buf_append_char(out, '\n');
    }
    uint64_t sum_ns = atomic_load_explicit(&metric->sum_ns, memory_order_relaxed);
    write_series(out, name, "_sum", metric->labels, NULL);
    buf_append_format(out, "%llu.%09llu\n", (unsigned long long)(sum_ns / 1000000000),
                      (unsigned long long)(sum_ns % 1000000000));
    write_series(out, name, "_count", metric->labels, NULL);
    buf_append_integer(out, (int64_t)total);
    buf_append_char(out, '\n');
}

static void write_help(struct buf *out, const struct family *family)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    buf_append_format(out, "# HELP %s ", family->name);
    for (const char *c = family->help; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\\') {
            buf_append_text(out, *c == '\n' ? "\\n" : "\\\\");
        } else {
            buf_append_char(out, *c);
        }
    }
    buf_append_format(out, "\n# TYPE %s %s\n", family->name, kinds[family->kind]);
}

int metric_write(struct buf *out)
{
    pthread_mutex_lock(&registry_lock);
    for (const struct family *family = families; family != NULL && !out->err;
         family = family->next) {
        write_help(out, family);
        for (const struct metric *m = family->first; m != NULL; m = m->next) {
            if (m->kind == KIND_HISTOGRAM) {
                write_histogram(out, family->name, m);
                continue;
            }
            write_series(out, family->name, "", m->labels, NULL);
            buf_append_integer(out, metric_value(m));
            buf_append_char(out, '\n');
        }
    }
    pthread_mutex_unlock(&registry_lock);
    return out->err;
}
