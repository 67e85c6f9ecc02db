/* The command line's end of the control socket: asks, and waits for answers. */
#ifndef HOST_CONTROL_CLIENT_H
#define HOST_CONTROL_CLIENT_H

#include "host/base/bytes.h"

struct control_client;

#define CONTROL_CLIENT_LINE_MAX (16U << 20)

/* 0 and a connected client, or ERR_NOT_FOUND (no server runs on this data folder), ERR_DENIED,
 * ERR_IO; message says what to do. */
int control_client_new(struct control_client **out, const char *data_folder, char *message,
                       size_t message_size);
void control_client_free(struct control_client *client);
/* args is a JSON object. 0, ERR_CLOSED or ERR_TOO_LARGE. */
int control_client_ask(struct control_client *client, const char *command, struct bytes args);
/* Waits for the next answer's line, lent until the next call; ERR_CLOSED when the server ended. */
int control_client_next(struct control_client *client, struct bytes *line);

#endif
