/*
 * The server as a whole: creates every service in order, runs the workers,
 * and ends them in reverse.
 *
 *     main thread   configuration, signals, control socket, reload coordinator
 *     workers       each a loop, a server, a desk, a cell a plugin
 *     storage       a writer, readers;  pool: password hashing
 */
#ifndef HOST_APP_H
#define HOST_APP_H

#include "host/config.h"

#include <stdbool.h>

struct app;
struct loop;
struct runtime;
struct db;
struct hub;

/* Returns an app that serves, or NULL after telling on standard error what is wrong and what to do.
 * config is lent while the app lives. */
struct app *app_new(const struct config *config);
/* Runs until SIGTERM, SIGINT or app_stop, drains, and gives the exit status. */
int app_run(struct app *app);
void app_free(struct app *app);
/* Any thread: start draining. */
void app_stop(struct app *app);

/* ---- for the control socket ---- */

struct loop *app_loop(struct app *app);
struct runtime *app_runtime(struct app *app);
struct db *app_db(struct app *app);
bool app_is_draining(const struct app *app);
const struct config *app_config(const struct app *app);
/* Appends what `stats` shows: a JSON object. */
void app_stats(struct app *app, struct buf *out);
/* Takes the live keys of a configuration that was read again; tells in out what needs a restart. */
void app_reconfigure(struct app *app, const struct config *config, struct buf *out);

#endif
