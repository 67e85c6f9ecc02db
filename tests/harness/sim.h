/*
 * The whole host in one process and one thread: real workers' loops, desks,
 * runtime, plugins and database, but connections without sockets and a clock
 * that tests move. What specs and stories run against.
 */
#ifndef TESTS_HARNESS_SIM_H
#define TESTS_HARNESS_SIM_H

#include "host/base/buf.h"
#include "host/net/conn.h"

#include <stdint.h>

struct sim;
struct sim_conn;

#define SIM_WORKERS_MAX 8
#define SIM_START_MS 1700000000000 /* the wall clock when a simulation starts */

struct sim_options {
    unsigned workers;
    const char *data; /* folder, or NULL: in memory */
    const char *const *plugin_folders;
    size_t plugin_folders_count;
    bool limits_on;
};

/* Returns a running host, or NULL with the reason in message. One at a time in a process. */
struct sim *sim_new(const struct sim_options *options, char *message, size_t message_size);
void sim_free(struct sim *sim);

/* Turns every loop until nothing moves any more. */
void sim_settle(struct sim *sim);
/* Moves the clock, stopping at each timer on the way. */
void sim_advance(struct sim *sim, int64_t ms);
/* 0, or the failure with words. folder: where the plugin is read from now on, or NULL. */
int sim_reload(struct sim *sim, const char *plugin, const char *folder, char *message,
               size_t message_size);

/* Runs a plugin's command ("user add") with a JSON object: 0 and its JSON answer in out, or the
 * failure with its words there. */
int sim_command(struct sim *sim, const char *name, struct bytes args, struct buf *out);

/* Opens a connection on a worker; freed with the simulation. token: of the upgrade, or NULL. NULL:
 * the upgrade was refused with *status. */
struct sim_conn *sim_connect(struct sim *sim, unsigned worker, const char *token, int *status);
/* One text message from the client, and everything that follows from it. */
void sim_send(struct sim *sim, struct sim_conn *conn, struct bytes text);
/* The network is gone: the server learns of it at once. */
void sim_drop(struct sim *sim, struct sim_conn *conn);
/* As sim_send and sim_drop, but nothing follows yet: turns of the loops do the rest. */
void sim_post(struct sim *sim, struct sim_conn *conn, struct bytes text);
void sim_cut(struct sim *sim, struct sim_conn *conn);
/* One turn of each loop, whatever it leaves undone. */
void sim_turn(struct sim *sim);
/* Lends the oldest payload not taken yet until the next call; false when there is none. */
bool sim_take(struct sim_conn *conn, struct bytes *payload);
/* 0 while open, else the close code (1006 after sim_drop); reason is lent. */
int sim_close_code(const struct sim_conn *conn, struct bytes *reason);

#endif
