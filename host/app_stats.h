/* Numbers about the whole server, for `stats` and /metrics. */
#ifndef HOST_APP_STATS_H
#define HOST_APP_STATS_H

#include "host/app.h"

/* Updates the process's gauges: uptime, memory, database queue. Any thread. */
void app_stats_metrics(struct app *app);

#endif
