/* From the command line of `serve` and `check-config` to a configuration, as often as asked. */
#ifndef HOST_CLI_SERVE_CONFIG_H
#define HOST_CLI_SERVE_CONFIG_H

#include "host/cli/cli.h"
#include "host/config.h"

/* Remembers the flags for reading the configuration, now and at SIGHUP; args is lent while the
 * program runs. */
void serve_config_set(const struct cli_args *args);
/* 0 and a configuration to end with config_close; else message says what is wrong. */
int serve_config_open(struct config *out, char *message, size_t message_size);

#endif
