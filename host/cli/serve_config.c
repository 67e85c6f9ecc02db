#include "host/cli/serve_config.h"

#include "host/base/err.h"

#include <stdio.h>
#include <string.h>

#define KEY_BYTES_MAX 128

static const struct cli_args *remembered;

void serve_config_set(const struct cli_args *args)
{
    remembered = args;
}

/* `--set KEY=VALUE`: keys gets a copy of the KEY. */
static int take_set(struct config_flag *flag, char key[KEY_BYTES_MAX], const char *given,
                    char *message, size_t message_size)
{
    const char *equals = strchr(given, '=');
    if (!equals || equals == given || equals - given >= KEY_BYTES_MAX) {
        snprintf(message, message_size, "--set needs KEY=VALUE, not '%s'", given);
        return ERR_INVALID;
    }
    snprintf(key, KEY_BYTES_MAX, "%.*s", (int)(equals - given), given);
    *flag = (struct config_flag){key, equals + 1};
    return 0;
}

int serve_config_open(struct config *out, char *message, size_t message_size)
{
    struct config_flag flags[CLI_FLAGS_MAX];
    char keys[CLI_FLAGS_MAX][KEY_BYTES_MAX];
    size_t count = 0;
    int err = 0;
    for (size_t i = 0; !err && i < remembered->given_count; i++) {
        const struct cli_given *given = &remembered->given[i];
        if (strcmp(given->flag->name, "config") == 0 || strcmp(given->flag->name, "json") == 0) {
            continue;
        }
        if (strcmp(given->flag->name, "set") == 0) {
            err = take_set(&flags[count], keys[count], given->value, message, message_size);
        } else {
            flags[count] =
                (struct config_flag){given->flag->name, given->value ? given->value : "on"};
        }
        count++;
    }
    if (err) {
        return err;
    }
    return config_open(out, cli_value(remembered, "config"), flags, count, message, message_size);
}
