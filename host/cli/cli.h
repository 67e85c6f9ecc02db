/* What the subcommands share: exit statuses, flags, and messages to the person who typed. */
#ifndef HOST_CLI_CLI_H
#define HOST_CLI_CLI_H

#include "host/base/bytes.h"

enum cli_status { CLI_OK, CLI_FAILED, CLI_USAGE };

#define CLI_FLAGS_MAX 128 /* given at once, repeated ones counted */
#define CLI_WORDS_MAX 256

struct cli_flag {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    const char *value; /* "DIR" in the help; NULL: a switch */
    const char *help;
};

struct cli_command {
    const char *name;      /* "plugin reload" */
    const char *arguments; /* "NAME" or "" */
    const char *summary;
    const struct cli_flag *flags; /* ends with a NULL name */
    int words_min;
    int words_max;
    int (*run)(const struct cli_command *command, int argc, char **argv);
};

struct cli_given {
    const struct cli_flag *flag;
    const char *value; /* NULL for a switch */
};

struct cli_args {
    struct cli_given given[CLI_FLAGS_MAX];
    size_t given_count;
    const char *words[CLI_WORDS_MAX];
    int words_count;
};

/*
 * Sorts what follows the command's name into flags and words. True: go on.
 * False: the help was printed or the mistake was told, and status says how to
 * end.
 */
bool cli_parse(struct cli_args *out, const struct cli_command *command, int argc, char **argv,
               int *status);
/* The last value given for a flag, "" for a switch, or NULL. */
const char *cli_value(const struct cli_args *args, const char *flag);
#define CLI_VERSION "0.1.0"
void cli_version(void);
void cli_help(const struct cli_command *command);

/* "chattermesh: ..." on standard error; returns the status for convenience. */
__attribute__((format(printf, 2, 3))) int cli_fail(int status, const char *format, ...);

/* The data folder: --data, CHATTERMESH_DATA or ./data. */
const char *cli_data_folder(const struct cli_args *args);

/* ---- the subcommands ---- */

int cli_serve(const struct cli_command *command, int argc, char **argv);
int cli_check_config(const struct cli_command *command, int argc, char **argv);
int cli_plugin_list(const struct cli_command *command, int argc, char **argv);
int cli_plugin_change(const struct cli_command *command, int argc, char **argv);
int cli_plugin_logs(const struct cli_command *command, int argc, char **argv);
int cli_stats(const struct cli_command *command, int argc, char **argv);
int cli_backup(const struct cli_command *command, int argc, char **argv);
int cli_reread(const struct cli_command *command, int argc, char **argv);
int cli_chat(const struct cli_command *command, int argc, char **argv);

/* What no table of ours knows: a command of a plugin, asked for at the running server. known are
 * the names to propose when it is none either. */
int cli_plugin_command(int argc, char **argv, const char *const *known, size_t known_count);

#endif
