/*
 * Counters, gauges and latency histograms for /metrics, in the Prometheus text
 * format. Updating one is an atomic add and takes no lock; making one takes a
 * lock. Metrics live until the process ends; their number is bounded.
 */
#ifndef HOST_BASE_METRIC_H
#define HOST_BASE_METRIC_H

#include "host/base/buf.h"

#define METRIC_COUNT_MAX 8192

struct metric;

/*
 * Returns the metric of this name and labels, made at the first call and the
 * same one later. labels is the inside of the braces (`plugin="chat"`) or "".
 * Past METRIC_COUNT_MAX all new ones share one metric named "metrics_dropped_total".
 */
struct metric *metric_counter(const char *name, const char *labels, const char *help);
struct metric *metric_gauge(const char *name, const char *labels, const char *help);
/* Seconds; buckets from 50 us to 30 s, three a decade. */
struct metric *metric_histogram(const char *name, const char *labels, const char *help);

void metric_add(struct metric *metric, int64_t amount);
void metric_set(struct metric *gauge, int64_t value);
void metric_observe_ns(struct metric *histogram, uint64_t ns);
int64_t metric_value(const struct metric *metric);

/* All of them, in the text exposition format 0.0.4; families sorted by name. */
int metric_write(struct buf *out);

#endif
