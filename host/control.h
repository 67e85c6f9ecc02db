/*
 * The control socket in the data folder, for its owner only: what the
 * command line asks a running server. One JSON request a line, one or more
 * JSON answers a line; see control.c for the requests.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include "host/app.h"

#define CONTROL_SOCKET "control.sock" /* in the data folder */

struct control;

/* 0, or the world's errors with words. */
int control_new(struct control **out, struct app *app, char *message, size_t message_size);
void control_free(struct control *control);
/* SIGHUP: reads the configuration again and takes the live keys. */
void control_reread(struct control *control);

#endif
