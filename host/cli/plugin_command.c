/*
 * Commands of plugins: the server is asked what there is, the words are matched
 * with the longest name, and what follows is mapped by the declared arguments:
 *
 *     chattermesh user add NAME             {"name": NAME}
 *     chattermesh user add --name NAME      the same
 *
 * A secret is never taken from the command line, where every user of the
 * machine can read it, but asked for or read from standard input.
 */
#include "host/base/err.h"
#include "host/cli/ask.h"
#include "host/cli/cli.h"
#include "host/cli/print.h"
#include "host/cli/terminal.h"
#include "lua/nearest.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16
#define NAME_BYTES_MAX 128
#define NAMES_MAX 256
#define ARGS_BYTES_MAX 65536

struct argument {
    char name[NAME_BYTES_MAX];
    char summary[256];
    bool is_optional;
    bool is_secret;
};

struct plugin_command {
    char name[NAME_BYTES_MAX];
    char summary[512];
    char usage[512];
    struct argument arguments[ARGUMENTS_MAX];
    size_t arguments_count;
    struct cli_flag flags[ARGUMENTS_MAX + 3];
};

static void copy(char *out, size_t size, const struct json_node *node)
{
    bool is_text = node && node->type == JSON_STRING;
    snprintf(out, size, "%.*s", is_text ? (int)node->size : 0, is_text ? node->text : "");
}

/* How many of the words the name takes, or 0. */
static int words_taken(struct bytes name, int argc, char **argv)
{
    int words = 0;
    while (name.len > 0) {
        const char *space = memchr(name.data, ' ', name.len);
        size_t len = space ? (size_t)(space - name.data) : name.len;
        if (words == argc || !bytes_equal_text((struct bytes){name.data, len}, argv[words])) {
            return 0;
        }
        len += space ? 1 : 0;
        name = (struct bytes){name.data + len, name.len - len};
        words++;
    }
    return words;
}

static const struct json_node *find_command(const struct ask *ask, int argc, char **argv,
                                            int *words)
{
    const struct json_node *found = NULL;
    const struct json_node *item = json_first(&ask->doc, ask->result);
    *words = 0;
    for (; item; item = json_next(&ask->doc, ask->result, item)) {
        const struct json_node *name = json_member(&ask->doc, item, "name");
        int taken =
            name && name->type == JSON_STRING ? words_taken(json_string(name), argc, argv) : 0;
        if (taken > *words) {
            *words = taken;
            found = item;
        }
    }
    return found;
}

static bool is_true(const struct json_node *node)
{
    return node && node->type == JSON_TRUE;
}

static void take_arguments(struct plugin_command *out, const struct json_doc *doc,
                           const struct json_node *args)
{
    const struct json_node *arg = args ? json_first(doc, args) : NULL;
    for (; arg && out->arguments_count < ARGUMENTS_MAX; arg = json_next(doc, args, arg)) {
        struct argument *argument = &out->arguments[out->arguments_count++];
        size_t used = strlen(out->usage);
        copy(argument->name, sizeof(argument->name), json_member(doc, arg, "name"));
        copy(argument->summary, sizeof(argument->summary), json_member(doc, arg, "summary"));
        argument->is_optional = is_true(json_member(doc, arg, "optional"));
        argument->is_secret = is_true(json_member(doc, arg, "secret"));
        if (!argument->is_secret) {
            snprintf(out->usage + used, sizeof(out->usage) - used, "%s%s%s%s", used ? " " : "",
                     argument->is_optional ? "[" : "", argument->name,
                     argument->is_optional ? "]" : "");
        }
    }
}

/* As the subcommands of our own are declared, so that flags and --help are the same. */
static void take_command(struct plugin_command *out, const struct json_doc *doc,
                         const struct json_node *item)
{
    const struct json_node *about = json_member(doc, item, "about");
    size_t count = 0;
    memset(out, 0, sizeof(*out));
    copy(out->name, sizeof(out->name), json_member(doc, item, "name"));
    copy(out->summary, sizeof(out->summary), about ? json_member(doc, about, "summary") : NULL);
    take_arguments(out, doc, about ? json_member(doc, about, "args") : NULL);
    for (size_t i = 0; i < out->arguments_count; i++) {
        const struct argument *argument = &out->arguments[i];
        out->flags[count++] = (struct cli_flag){
            argument->name, 0, argument->is_secret ? NULL : "VALUE", argument->summary};
    }
    out->flags[count++] = (struct cli_flag){"data", 'd', "DIR", "the server's data folder"};
    out->flags[count++] = (struct cli_flag){"json", 0, NULL, "print JSON for machines"};
}

static void append_member(struct buf *out, const char *name, const char *value)
{
    buf_append_text(out, out->len > 1 ? "," : "");
    json_write_string(out, bytes_of(name));
    buf_append_char(out, ':');
    json_write_string(out, bytes_of(value));
}

/* An optional secret may be left empty, or be absent from standard input. */
static int append_secret(struct buf *out, const struct argument *argument,
                         const struct cli_args *args)
{
    char secret[SECRET_BYTES_MAX] = "";
    bool is_optional = argument->is_optional && !cli_value(args, argument->name);
    if (is_optional && !terminal_has_input()) {
        return CLI_OK;
    }
    char question[NAME_BYTES_MAX + 32];
    snprintf(question, sizeof(question), "%s%s", argument->name,
             is_optional ? " (may be left empty)" : "");
    int err = terminal_secret(question, secret);
    if (err && !(is_optional && err == ERR_CLOSED)) {
        return cli_fail(CLI_USAGE, "%s: nothing fit was typed or on standard input",
                        argument->name);
    }
    if (!err && secret[0] != '\0') {
        append_member(out, argument->name, secret);
    }
    explicit_bzero(secret, sizeof(secret));
    return CLI_OK;
}

/* The arguments as a JSON object, or the mistake was told. */
static int map_arguments(struct buf *out, const struct plugin_command *command,
                         const struct cli_args *args)
{
    int word = 0;
    buf_append_char(out, '{');
    for (size_t i = 0; i < command->arguments_count; i++) {
        const struct argument *argument = &command->arguments[i];
        const char *value = cli_value(args, argument->name);
        if (argument->is_secret) {
            int status = append_secret(out, argument, args);
            if (status != CLI_OK) {
                return status;
            }
            continue;
        }
        if (!value && word < args->words_count) {
            value = args->words[word++];
        }
        if (value) {
            append_member(out, argument->name, value);
        } else if (!argument->is_optional) {
            cli_fail(CLI_USAGE, "%s is missing: %s", argument->name, argument->summary);
            fprintf(stderr, "usage: chattermesh %s %s\n", command->name, command->usage);
            return CLI_USAGE;
        }
    }
    buf_append_char(out, '}');
    if (word < args->words_count) {
        return cli_fail(CLI_USAGE, "one argument too many: '%s'", args->words[word]);
    }
    return out->err ? cli_fail(CLI_USAGE, "the arguments are too long") : CLI_OK;
}

static void show(const struct ask *ask, bool as_json)
{
    if (as_json) {
        print_json(&ask->doc, ask->result);
    } else {
        print_pairs(&ask->doc, ask->result);
    }
}

static int run(struct ask *ask, const struct plugin_command *command, int argc, char **argv)
{
    struct cli_args args;
    struct buf arguments;
    int status;
    struct cli_command as_ours = {
        .name = command->name,
        .arguments = command->usage,
        .summary = command->summary,
        .flags = command->flags,
        .words_max = CLI_WORDS_MAX,
    };
    if (!cli_parse(&args, &as_ours, argc, argv, &status)) {
        return status;
    }
    buf_open(&arguments, ARGS_BYTES_MAX);
    status = map_arguments(&arguments, command, &args);
    if (status == CLI_OK) {
        status = ask_server(ask, command->name, buf_bytes(&arguments)) ? CLI_FAILED : CLI_OK;
    }
    if (status == CLI_OK) {
        show(ask, cli_value(&args, "json") != NULL);
    }
    if (arguments.data) {
        explicit_bzero(arguments.data, arguments.len);
    }
    buf_close(&arguments);
    return status;
}

/* Ours and the plugins' names, for the nearest one. */
static int tell_unknown(const struct ask *ask, char **argv, int argc, const char *const *known,
                        size_t known_count)
{
    static char plugin_names[NAMES_MAX][NAME_BYTES_MAX];
    const char *names[NAMES_MAX];
    char typed[NAME_BYTES_MAX];
    size_t count = 0;
    const struct json_node *item = ask ? json_first(&ask->doc, ask->result) : NULL;
    for (; count < known_count && count < NAMES_MAX; count++) {
        names[count] = known[count];
    }
    for (; item && count < NAMES_MAX; item = json_next(&ask->doc, ask->result, item)) {
        copy(plugin_names[count], NAME_BYTES_MAX, json_member(&ask->doc, item, "name"));
        names[count] = plugin_names[count];
        count++;
    }
    bool has_two = argc > 1 && argv[1][0] != '-';
    snprintf(typed, sizeof(typed), "%s%s%s", argv[0], has_two ? " " : "", has_two ? argv[1] : "");
    const char *nearest = nearest_name(bytes_of(typed), names, count);
    if (!nearest) {
        nearest = nearest_name(bytes_of(argv[0]), names, count);
    }
    cli_fail(CLI_USAGE, "unknown command '%s'%s%s%s", typed, nearest ? ", do you mean '" : "",
             nearest ? nearest : "", nearest ? "'?" : "");
    fputs("usage: chattermesh COMMAND [options]; --help lists the commands\n", stderr);
    return CLI_USAGE;
}

/* --data is needed before the command's own flags are known. */
static void find_data(struct cli_args *out, int argc, char **argv)
{
    static const struct cli_flag data = {"data", 'd', "DIR", ""};
    memset(out, 0, sizeof(*out));
    for (int i = 0; i < argc && argv[i]; i++) {
        const char *value = NULL;
        if (strncmp(argv[i], "--data=", 7) == 0) {
            value = argv[i] + 7;
        } else if (i + 1 < argc && (strcmp(argv[i], "--data") == 0 || strcmp(argv[i], "-d") == 0)) {
            value = argv[i + 1];
        }
        if (value) {
            out->given[0] = (struct cli_given){&data, value};
            out->given_count = 1;
        }
    }
}

int cli_plugin_command(int argc, char **argv, const char *const *known, size_t known_count)
{
    struct cli_args where;
    struct control_client *probe;
    struct ask ask;
    struct plugin_command command;
    char message[1024];
    int words;
    find_data(&where, argc, argv);
    bool is_users = strcmp(argv[0], "user") == 0; /* the one that the help promises */
    if (control_client_new(&probe, cli_data_folder(&where), message, sizeof(message))) {
        if (is_users) {
            return cli_fail(CLI_FAILED, "%s", message);
        }
        int status = tell_unknown(NULL, argv, argc, known, known_count);
        fputs("(commands of plugins are only known while a server runs on the data folder)\n",
              stderr);
        return status;
    }
    control_client_free(probe);
    if (ask_open(&ask, cli_data_folder(&where))) {
        return CLI_FAILED;
    }
    int status = CLI_FAILED;
    if (ask_server(&ask, "command list", BYTES("{}")) == 0) {
        const struct json_node *item = find_command(&ask, argc, argv, &words);
        if (item) {
            take_command(&command, &ask.doc, item);
            status = run(&ask, &command, argc - words, argv + words);
        } else {
            status = tell_unknown(&ask, argv, argc, known, known_count);
        }
    }
    ask_close(&ask);
    return status;
}
