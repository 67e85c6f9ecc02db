/* `serve` and `check-config`. */
#include "host/app.h"
#include "host/base/buf.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/cli/cli.h"
#include "host/cli/serve_config.h"
#include "host/plugin_logs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_MESSAGE_MAX 1024
#define EXPLANATION_BYTES_MAX (1U << 20)

static struct cli_args args; /* lent to serve_config.c while the program runs */
static struct config config; /* too large for a stack */

/* False after telling what is wrong. */
static bool read_config(const struct cli_command *command, int argc, char **argv, int *status)
{
    char message[CONFIG_MESSAGE_MAX] = "";
    if (!cli_parse(&args, command, argc, argv, status)) {
        return false;
    }
    serve_config_set(&args);
    int err = serve_config_open(&config, message, sizeof(message));
    if (err) {
        *status = cli_fail(CLI_USAGE, "%s", message[0] ? message : err_text(err));
        return false;
    }
    return true;
}

/* Makes the data folder for its owner only, its parents not. */
static int make_data_folder(const char *path)
{
    struct stat info;
    if (mkdir(path, S_IRWXU) == 0) {
        return CLI_OK;
    }
    int error = errno;
    if (error == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return CLI_OK;
    }
    return cli_fail(CLI_FAILED, "can't make the data folder %s: %s", path,
                    error == EEXIST ? "a file of this name is in the way" : strerror(error));
}

/* Each connection is a descriptor; the soft limit is often 1024. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void set_log(void)
{
    log_set_level((enum log_level)config.log_level);
    if (config.log_format != 0) {
        log_set_output(STDERR_FILENO, config.log_format == 1);
    }
}

int cli_serve(const struct cli_command *command, int argc, char **argv)
{
    int status;
    if (!read_config(command, argc, argv, &status)) {
        return status;
    }
    set_log();
    raise_descriptors();
    umask(S_IRWXG | S_IRWXO); /* what the server makes is its owner's alone */
    status = make_data_folder(config.data);
    if (status == CLI_OK) {
        plugin_logs_open();
        struct app *app = app_new(&config);
        status = CLI_FAILED;
        if (app) {
            status = app_run(app);
            app_free(app);
        }
        plugin_logs_close();
    }
    config_close(&config);
    return status;
}

int cli_check_config(const struct cli_command *command, int argc, char **argv)
{
    int status;
    struct buf out;
    if (!read_config(command, argc, argv, &status)) {
        return status;
    }
    buf_open(&out, EXPLANATION_BYTES_MAX);
    if (cli_value(&args, "json")) {
        config_explain_json(&config, &out);
        buf_append_char(&out, '\n');
    } else {
        config_explain(&config, &out);
    }
    fwrite(out.data, 1, out.len, stdout);
    buf_close(&out);
    config_close(&config);
    return CLI_OK;
}
