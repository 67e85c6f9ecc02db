#include "host/app_stats.h"

#include "host/app_private.h"
#include "host/base/clock.h"
#include "host/base/metric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Resident memory in bytes, 0 where the system does not tell. */
static int64_t resident_bytes(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (!fgets(line, sizeof(line), file)) {
            line[0] = '\0';
        }
        (void)fclose(file);
    }
    const char *resident = strchr(line, ' '); /* the second number, in pages */
    return resident ? strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

void app_stats_metrics(struct app *app)
{
    metric_set(metric_gauge("chattermesh_uptime_seconds", "", "Time since the start."),
               (clock_steady_ms() - app->started_ms) / 1000);
    metric_set(metric_gauge("process_resident_memory_bytes", "", "Resident memory."),
               resident_bytes());
}

void app_stats(struct app *app, struct buf *out)
{
    struct db_stats db;
    db_stats(app->db, &db);
    struct metric *connections =
        metric_gauge("chattermesh_connections", "", "Open WebSocket connections.");
    struct metric *sessions =
        metric_gauge("chattermesh_sessions", "", "Logins that are connected.");
    buf_append_format(out,
                      "{\"uptimeS\":%lld,\"connections\":%lld,\"sessions\":%lld,\"workers\":%u,"
                      "\"memoryBytes\":%lld,\"database\":{\"commits\":%lld,\"batches\":%lld,"
                      "\"rowsWritten\":%lld,\"queue\":%lld,\"canWrite\":%s},\"draining\":%s}",
                      (long long)((clock_steady_ms() - app->started_ms) / 1000),
                      (long long)metric_value(connections), (long long)metric_value(sessions),
                      app->config->workers, (long long)resident_bytes(), (long long)db.commits,
                      (long long)db.batches, (long long)db.rows_written, (long long)db.queue,
                      db.err ? "false" : "true", app_is_draining(app) ? "true" : "false");
}

void app_reconfigure(struct app *app, const struct config *config, struct buf *out)
{
    struct desk_limits limits;
    app_fill_desk_limits(config, &limits);
    for (unsigned w = 0; w < app->config->workers; w++) {
        app_worker_set_limits(app->workers[w], &limits);
    }
    runtime_set_rate_limits(app->runtime, config->limits_on);
    config_restart_needed(app->config, config, out);
}
