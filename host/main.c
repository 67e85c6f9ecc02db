/*
 * The program's subcommands. A name of two words stands before the one-word
 * names it could be mistaken for; what is in no table may be a plugin's.
 */
#include "host/cli/cli.h"
#include "lua/nearest.h"

#include <stdio.h>
#include <string.h>

#define NAME_COLUMN 24

/* check-config takes what serve takes, so that one can be tried with the other's line. */
static const struct cli_flag serve_flags[] = {
    {"listen", 0, "ADDR:PORT", "where to listen (127.0.0.1:8080); port 0 takes a free one"},
    {"data", 'd', "DIR", "the data folder (./data)"},
    {"plugins", 'p', "DIR", "a folder of plugin folders; may be repeated, a later one wins"},
    {"workers", 'w', "N", "worker threads (one a core)"},
    {"config", 'c', "FILE", "the configuration file"},
    {"dev", 0, NULL, "reload a plugin when its files change"},
    {"limits", 0, "on|off", "off lifts the rate limits, for tests"},
    {"set", 's', "KEY=VALUE", "set a key of the configuration; may be repeated"},
    {0},
};

static const struct cli_flag check_flags[] = {
    {"config", 'c', "FILE", "the configuration file"},
    {"json", 0, NULL, "print JSON for machines"},
    {"listen", 0, "ADDR:PORT", "as of serve, like those below"},
    {"data", 'd', "DIR", "the data folder"},
    {"plugins", 'p', "DIR", "a folder of plugin folders"},
    {"workers", 'w', "N", "worker threads"},
    {"dev", 0, NULL, "reload a plugin when its files change"},
    {"limits", 0, "on|off", "the rate limits"},
    {"set", 's', "KEY=VALUE", "set a key of the configuration; may be repeated"},
    {0},
};

static const struct cli_flag control_flags[] = {
    {"data", 'd', "DIR", "the server's data folder (CHATTERMESH_DATA or ./data)"},
    {"json", 0, NULL, "print JSON for machines"},
    {0},
};

static const struct cli_flag logs_flags[] = {
    {"data", 'd', "DIR", "the server's data folder (CHATTERMESH_DATA or ./data)"},
    {"json", 0, NULL, "print JSON for machines"},
    {"follow", 'f', NULL, "go on with new lines as they come"},
    {0},
};

static const struct cli_flag chat_flags[] = {
    {"user", 'u', "NAME", "who you are"},
    {"password-file", 0, "FILE", "take the password from a file instead of asking"},
    {"insecure", 0, NULL, "take any certificate (wss with a self-made one)"},
    {0},
};

#define PLUGIN_CHANGE(verb, words)                                                                 \
    {                                                                                              \
        "plugin " verb, "NAME", words, control_flags, 1, 1, cli_plugin_change                      \
    }

static const struct cli_command commands[] = {
    {"serve", "", "Runs the server.", serve_flags, 0, 0, cli_serve},
    {"chat", "URL", "Talks as a user, in the terminal.", chat_flags, 1, 1, cli_chat},
    {"check-config", "", "Explains every key of the configuration, or what is wrong with it.",
     check_flags, 0, 0, cli_check_config},
    {"plugin list", "", "Lists the plugins of the running server.", control_flags, 0, 0,
     cli_plugin_list},
    PLUGIN_CHANGE("reload", "Puts a plugin's new version in the old one's place."),
    PLUGIN_CHANGE("disable", "Takes a plugin out of service."),
    PLUGIN_CHANGE("enable", "Takes a disabled plugin into service again."),
    {"plugin logs", "NAME", "Shows what a plugin logged last.", logs_flags, 1, 1, cli_plugin_logs},
    {"stats", "", "Shows the running server's numbers.", control_flags, 0, 0, cli_stats},
    {"backup", "FILE", "Copies the database and the keys while the server runs.", control_flags, 1,
     1, cli_backup},
    {"reread", "", "Makes the server read its configuration again, as SIGHUP does.", control_flags,
     0, 0, cli_reread},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
    fputs("usage: chattermesh COMMAND [options]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s %s", commands[i].name, commands[i].arguments);
        fprintf(out, "  %-*s  %s\n", NAME_COLUMN, name, commands[i].summary);
    }
    fprintf(out, "  %-*s  %s\n", NAME_COLUMN, "user add NAME",
            "Makes an account (a command of the users plugin; others bring their own).");
    fputs("\n`chattermesh COMMAND --help` tells about one; --version prints the version.\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage.\n",
          out);
}

/* How many words of the command line the name takes, or 0. */
static int words_matching(const char *name, int argc, char **argv)
{
    int words = 0;
    while (*name) {
        size_t len = strcspn(name, " ");
        if (words == argc || strlen(argv[words]) != len || strncmp(argv[words], name, len) != 0) {
            return 0;
        }
        name += len;
        name += strspn(name, " ");
        words++;
    }
    return words;
}

/* `plugin`, `plugin --help` and `plugin nonsense`: what begins with this word. */
static int tell_family(const char *word, const char *second)
{
    const char *names[COMMANDS];
    size_t count = 0;
    size_t len = strlen(word);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ') {
            names[count++] = commands[i].name + len + 1;
        }
    }
    bool is_help = second && (strcmp(second, "--help") == 0 || strcmp(second, "-h") == 0);
    if (second && !is_help) {
        const char *nearest = nearest_name(bytes_of(second), names, count);
        cli_fail(CLI_USAGE, "unknown command '%s %s'%s%s %s%s", word, second,
                 nearest ? ", do you mean '" : ", there is", nearest ? word : "",
                 nearest ? nearest : "", nearest ? "'?" : "");
    }
    for (size_t i = 0; i < count; i++) {
        fprintf(is_help ? stdout : stderr, "  chattermesh %s %s\n", word, names[i]);
    }
    return is_help ? CLI_OK : CLI_USAGE;
}

static bool is_family(const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ') {
            return true;
        }
    }
    return false;
}

static int run_unknown(int argc, char **argv)
{
    const char *names[COMMANDS + 1];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    names[COMMANDS] = "user add"; /* proposed even when no server can tell */
    if (argv[0][0] == '-') {
        static const char *const flags[] = {"help", "version"};
        const char *nearest = nearest_name(bytes_of(argv[0] + strspn(argv[0], "-")), flags, 2);
        cli_fail(CLI_USAGE, "unknown option '%s'%s%s%s", argv[0], nearest ? ", do you mean --" : "",
                 nearest ? nearest : "", nearest ? "?" : "");
        usage(stderr);
        return CLI_USAGE;
    }
    return cli_plugin_command(argc, argv, names, COMMANDS + 1);
}

int main(int argc, char **argv)
{
    argc--;
    argv++;
    if (argc < 1) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
        strcmp(argv[0], "help") == 0) {
        usage(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "version") == 0) {
        cli_version();
        return CLI_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        int words = words_matching(commands[i].name, argc, argv);
        if (words > 0) {
            return commands[i].run(&commands[i], argc - words, argv + words);
        }
    }
    if (is_family(argv[0])) {
        return tell_family(argv[0], argc > 1 ? argv[1] : NULL);
    }
    return run_unknown(argc, argv);
}
