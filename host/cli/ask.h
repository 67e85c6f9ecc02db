/* One question to the running server and its answer, for the subcommands. */
#ifndef HOST_CLI_ASK_H
#define HOST_CLI_ASK_H

#include "host/base/json.h"
#include "host/control_client.h"

struct ask {
    struct control_client *client;
    struct json_doc doc;            /* of the last answer */
    const struct json_node *result; /* in doc */
    bool has_more;                  /* other answers to the same question follow */
};

/* 0, or after telling why not: ask_close is then not needed. */
int ask_open(struct ask *ask, const char *data_folder);
void ask_close(struct ask *ask);
/* 0 and result, or the command failed or the server went away: told on standard error. */
int ask_server(struct ask *ask, const char *command, struct bytes args);
/* Waits for one more answer, as above. */
int ask_next(struct ask *ask);

#endif
