#include "host/base/metric.h"
#include "tests/unit/unit.h"

static const char *written(struct buf *out)
{
    buf_clear(out);
    assert_int_equal(metric_write(out), 0);
    buf_append_char(out, '\0');
    return out->data;
}

TEST(metric, families_are_sorted_and_labels_are_kept)
{
    struct buf out;
    buf_open(&out, 1 << 24);
    metric_set(metric_gauge("b_now", "", "B\nb"), -4);
    metric_add(metric_counter("a_total", "plugin=\"y\"", "A"), 2);
    metric_add(metric_counter("a_total", "plugin=\"x\"", "A"), 3);
    metric_add(metric_counter("a_total", "plugin=\"x\"", "A"), 1);
    assert_int_equal(metric_value(metric_counter("a_total", "plugin=\"x\"", "A")), 4);
    assert_non_null(strstr(written(&out), "# HELP a_total A\n# TYPE a_total counter\n"
                                          "a_total{plugin=\"y\"} 2\na_total{plugin=\"x\"} 4\n"
                                          "# HELP b_now B\\nb\n# TYPE b_now gauge\nb_now -4\n"));
    buf_close(&out);
}

TEST(metric, histogram_is_cumulative)
{
    struct buf out;
    buf_open(&out, 1 << 24);
    struct metric *h = metric_histogram("h_seconds", "m=\"s\"", "H");
    metric_observe_ns(h, 50000);
    metric_observe_ns(h, 50001);
    metric_observe_ns(h, UINT64_C(40000000000));
    const char *text = written(&out);
    assert_non_null(strstr(text, "h_seconds_bucket{m=\"s\",le=\"0.00005\"} 1\n"));
    assert_non_null(strstr(text, "h_seconds_bucket{m=\"s\",le=\"0.0001\"} 2\n"));
    assert_non_null(strstr(text, "h_seconds_bucket{m=\"s\",le=\"30\"} 2\n"));
    assert_non_null(strstr(text, "h_seconds_bucket{m=\"s\",le=\"+Inf\"} 3\n"
                                 "h_seconds_sum{m=\"s\"} 40.000100001\n"
                                 "h_seconds_count{m=\"s\"} 3\n"));
    buf_close(&out);
}

TEST(metric, name_with_another_kind_does_not_disturb_the_first)
{
    struct metric *first = metric_counter("kind_total", "", "K");
    metric_observe_ns(metric_histogram("kind_total", "", "K"), 1);
    metric_set(metric_gauge("kind_total", "", "K"), 9);
    assert_int_equal(metric_value(first), 0);
    assert_ptr_equal(metric_counter("kind_total", "", "K"), first);
}

TEST(metric, past_the_limit_new_ones_share_one)
{
    struct buf out;
    buf_open(&out, 1 << 24);
    char labels[32];
    for (int i = 0; i < METRIC_COUNT_MAX; i++) {
        snprintf(labels, sizeof(labels), "n=\"%d\"", i);
        metric_counter("many_total", labels, "M");
    }
    struct metric *surplus = metric_counter("late_total", "", "L");
    assert_ptr_equal(metric_counter("later_total", "", "L"), surplus);
    metric_add(surplus, 5);
    assert_non_null(strstr(written(&out), "metrics_dropped_total 5\n"));
    assert_null(strstr(out.data, "late_total"));
    buf_close(&out);
}

TEST_MAIN
