/*
 * The last lines that each plugin caused in the log, kept in memory for
 * `plugin logs`. One for the process, as the log itself is. Any thread.
 */
#ifndef HOST_PLUGIN_LOGS_H
#define HOST_PLUGIN_LOGS_H

#include "host/base/bytes.h"

#define PLUGIN_LOGS_PLUGINS_MAX 128 /* further ones are not kept */
#define PLUGIN_LOGS_LINES_MAX 1000  /* of a plugin */
#define PLUGIN_LOGS_LINE_BYTES_MAX 2048

/* Begins to listen to the log. */
void plugin_logs_open(void);
/* Ends that and forgets all. */
void plugin_logs_close(void);

/*
 * Tells the kept lines from number `from` on, the oldest first; gives the number
 * after the last. Numbers grow by one a line from 0; *lost is how many of those
 * asked for are no longer kept. line is lent during the call, which must not log.
 */
typedef void (*plugin_logs_line)(void *ctx, struct bytes line);
uint64_t plugin_logs_read(struct bytes plugin, uint64_t from, uint64_t *lost, plugin_logs_line told,
                          void *ctx);
/* woken is called after a line came, on the thread that logs and under the log's lock: it must be
 * short and must not log. NULL ends it; when this returns no call is under way. */
void plugin_logs_on_line(void (*woken)(void *ctx), void *ctx);

#endif
