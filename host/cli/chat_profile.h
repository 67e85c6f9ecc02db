/* What the terminal client remembers of a login: the device and its refresh token. */
#ifndef HOST_CLI_CHAT_PROFILE_H
#define HOST_CLI_CHAT_PROFILE_H

#include "host/base/bytes.h"

#define PROFILE_TEXT_MAX 512

struct profile {
    char path[4096];
    char device_id[PROFILE_TEXT_MAX];     /* "": none yet */
    char refresh_token[PROFILE_TEXT_MAX]; /* "": log in with the password */
};

/* Reads ~/.config/chattermesh/HOST/USER.json (XDG_CONFIG_HOME counts), if there is one. 0, or
 * ERR_NOT_FOUND: no home to keep it in. */
int profile_open(struct profile *out, const char *host, int port, const char *user);
/* Writes it for the owner only, complete or not at all. 0 or the world's errors. */
int profile_save(const struct profile *profile);

#endif
