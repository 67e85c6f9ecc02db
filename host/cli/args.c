/* Flags and words of a command line, as the command's table allows them. */
#include "host/cli/cli.h"
#include "lua/nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 26

int cli_fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("chattermesh: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return status;
}

static void help_flag(const struct cli_flag *flag)
{
    char text[64];
    snprintf(text, sizeof(text), "%s%c%s--%s%s%s", flag->letter ? "-" : "",
             flag->letter ? flag->letter : ' ', flag->letter ? ", " : "   ", flag->name,
             flag->value ? " " : "", flag->value ? flag->value : "");
    printf("  %-*s  %s\n", HELP_COLUMN, text, flag->help);
}

void cli_version(void)
{
    puts("chattermesh " CLI_VERSION);
}

void cli_help(const struct cli_command *command)
{
    printf("usage: chattermesh %s%s%s [options]\n\n%s\n\noptions:\n", command->name,
           command->arguments[0] ? " " : "", command->arguments, command->summary);
    for (const struct cli_flag *flag = command->flags; flag && flag->name; flag++) {
        help_flag(flag);
    }
    help_flag(&(struct cli_flag){"help", 'h', NULL, "show this"});
}

static int usage_error(const struct cli_command *command, const char *what, const char *word,
                       const char *nearest)
{
    cli_fail(CLI_USAGE, "%s '%s'%s%s%s", what, word, nearest ? ", do you mean " : "",
             nearest ? nearest : "", nearest ? "?" : "");
    fprintf(stderr, "usage: chattermesh %s%s%s [options]; --help tells more\n", command->name,
            command->arguments[0] ? " " : "", command->arguments);
    return CLI_USAGE;
}

static int unknown_flag(const struct cli_command *command, const char *word)
{
    const char *names[CLI_FLAGS_MAX];
    char proposal[NEAREST_BYTES_MAX + 3];
    size_t count = 0;
    for (const struct cli_flag *flag = command->flags; flag && flag->name; flag++) {
        names[count++] = flag->name;
    }
    names[count++] = "help";
    const char *name = word + strspn(word, "-");
    struct bytes typed = {name, strcspn(name, "=")};
    const char *nearest = nearest_name(typed, names, count);
    if (nearest) {
        snprintf(proposal, sizeof(proposal), "--%s", nearest);
    }
    return usage_error(command, "unknown option", word, nearest ? proposal : NULL);
}

/* The flag that a word names, and where a value stands behind its "=". */
static const struct cli_flag *find_flag(const struct cli_command *command, const char *word,
                                        const char **value)
{
    *value = NULL;
    for (const struct cli_flag *flag = command->flags; flag && flag->name; flag++) {
        size_t len = strlen(flag->name);
        if (word[1] != '-') {
            if (flag->letter && word[1] == flag->letter && word[2] == '\0') {
                return flag;
            }
        } else if (strncmp(word + 2, flag->name, len) == 0 &&
                   (word[2 + len] == '\0' || word[2 + len] == '=')) {
            *value = word[2 + len] == '=' ? word + 3 + len : NULL;
            return flag;
        }
    }
    return NULL;
}

/* Takes the flag at argv[*i] and its value; CLI_OK or CLI_USAGE after telling. */
static int take_flag(struct cli_args *out, const struct cli_command *command, int argc, char **argv,
                     int *i)
{
    const char *value = NULL;
    const struct cli_flag *flag = find_flag(command, argv[*i], &value);
    if (!flag) {
        return unknown_flag(command, argv[*i]);
    }
    if (flag->value && !value) {
        if (*i + 1 >= argc) {
            return usage_error(command, "a value is missing after", argv[*i], NULL);
        }
        value = argv[++*i];
    } else if (!flag->value && value) {
        return usage_error(command, "no value belongs to", argv[*i], NULL);
    }
    if (out->given_count == CLI_FLAGS_MAX) {
        return usage_error(command, "too many options at", argv[*i], NULL);
    }
    out->given[out->given_count++] = (struct cli_given){flag, value};
    return CLI_OK;
}

static int take_word(struct cli_args *out, const struct cli_command *command, const char *word)
{
    if (out->words_count == command->words_max || out->words_count == CLI_WORDS_MAX) {
        return usage_error(command, "one argument too many:", word, NULL);
    }
    out->words[out->words_count++] = word;
    return CLI_OK;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

bool cli_parse(struct cli_args *out, const struct cli_command *command, int argc, char **argv,
               int *status)
{
    bool only_words = false;
    memset(out, 0, sizeof(*out));
    *status = CLI_OK;
    for (int i = 0; i < argc && *status == CLI_OK; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && asks_for_help(argv[i])) {
            cli_help(command);
            return false;
        } else if (!only_words && strcmp(argv[i], "--version") == 0) {
            cli_version();
            return false;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            *status = take_flag(out, command, argc, argv, &i);
        } else {
            *status = take_word(out, command, argv[i]);
        }
    }
    if (*status == CLI_OK && out->words_count < command->words_min) {
        *status = usage_error(command, "an argument is missing:", command->arguments, NULL);
    }
    return *status == CLI_OK;
}

const char *cli_value(const struct cli_args *args, const char *flag)
{
    for (size_t i = args->given_count; i > 0; i--) {
        if (strcmp(args->given[i - 1].flag->name, flag) == 0) {
            return args->given[i - 1].value ? args->given[i - 1].value : "";
        }
    }
    return NULL;
}

const char *cli_data_folder(const struct cli_args *args)
{
    const char *folder = cli_value(args, "data");
    if (!folder) {
        folder = getenv("CHATTERMESH_DATA");
    }
    return folder && folder[0] ? folder : "data";
}
