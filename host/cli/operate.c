/* The subcommands that ask the running server: plugins, stats, backup. */
#include "host/base/mem.h"
#include "host/cli/ask.h"
#include "host/cli/cli.h"
#include "host/cli/print.h"
#include "host/cli/terminal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_BYTES_MAX 65536
#define LINE_BYTES_MAX 16384

/* Asks, gives the answer to show (or prints it as JSON), and how to end. */
static int operate(const struct cli_args *args, const char *command, struct bytes arguments,
                   void (*show)(const struct json_doc *doc, const struct json_node *result))
{
    struct ask ask;
    if (ask_open(&ask, cli_data_folder(args))) {
        return CLI_FAILED;
    }
    int err = ask_server(&ask, command, arguments);
    if (!err && cli_value(args, "json")) {
        print_json(&ask.doc, ask.result);
    } else if (!err) {
        show(&ask.doc, ask.result);
    }
    ask_close(&ask);
    return err ? CLI_FAILED : CLI_OK;
}

/* ---- plugin list, reload, disable, enable ---- */

static void show_plugins(const struct json_doc *doc, const struct json_node *result)
{
    static const struct print_column columns[] = {
        {"name", "NAME"},     {"version", "VERSION"}, {"generation", "GENERATION"},
        {"state", "STATE"},   {"methods", "METHODS"}, {"hooks", "HOOKS"},
        {"routes", "ROUTES"}, {"source", "SOURCE"},
    };
    print_table(doc, result, columns, sizeof(columns) / sizeof(columns[0]));
}

int cli_plugin_list(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    int status;
    if (!cli_parse(&args, command, argc, argv, &status)) {
        return status;
    }
    return operate(&args, command->name, BYTES("{}"), show_plugins);
}

static void show_text(const struct json_doc *doc, const struct json_node *result, const char *name,
                      const char *before)
{
    const struct json_node *value = json_member(doc, result, name);
    struct buf text;
    if (!value) {
        return;
    }
    buf_open(&text, PRINT_BYTES_MAX);
    print_value(&text, doc, value);
    printf("%s%.*s", before, (int)text.len, text.data);
    buf_close(&text);
}

static void show_change(const struct json_doc *doc, const struct json_node *result)
{
    const struct json_node *us = json_member(doc, result, "us");
    show_text(doc, result, "name", "");
    show_text(doc, result, "version", " ");
    show_text(doc, result, "generation", ", generation ");
    show_text(doc, result, "state", ": ");
    printf(", took %.1f ms\n", us ? (double)us->integer / 1000.0 : 0.0);
}

static void name_argument(struct buf *out, const char *member, const char *value)
{
    buf_open(out, ARGS_BYTES_MAX);
    buf_append_format(out, "{\"%s\":", member);
    json_write_string(out, bytes_of(value));
    buf_append_char(out, '}');
}

int cli_plugin_change(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    struct buf arguments;
    int status;
    if (!cli_parse(&args, command, argc, argv, &status)) {
        return status;
    }
    name_argument(&arguments, "name", args.words[0]);
    status = operate(&args, command->name, buf_bytes(&arguments), show_change);
    buf_close(&arguments);
    return status;
}

/* ---- plugin logs ---- */

static void append_pair(struct buf *out, const struct json_doc *doc, const struct json_node *name,
                        const struct json_node *value)
{
    static const char *const known[] = {"time", "level", "area", "message", "plugin"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (json_is_string(name, known[i])) {
            return;
        }
    }
    if (value->type == JSON_STRING && value->size == 0) {
        return;
    }
    buf_append_text(out, "  ");
    terminal_escape(out, json_string(name));
    buf_append_char(out, '=');
    print_value(out, doc, value);
}

/* A log line of a server that writes JSON, as one that writes for people would. */
static void readable(struct buf *out, const struct json_doc *doc)
{
    static const char *const head[] = {"time", "level", "message"};
    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
        buf_append_text(out, i ? "  " : "");
        print_value(out, doc, json_member(doc, doc->nodes, head[i]));
    }
    const struct json_node *name = json_first(doc, doc->nodes);
    while (name) {
        const struct json_node *value = json_next(doc, doc->nodes, name);
        append_pair(out, doc, name, value);
        name = json_next(doc, doc->nodes, value);
    }
}

/* The colours of a server's own terminal are not for ours. */
static void without_colours(struct buf *out, struct bytes line)
{
    struct buf plain;
    buf_open(&plain, LINE_BYTES_MAX);
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] != '\033') {
            buf_append_char(&plain, line.data[i]);
            continue;
        }
        while (i + 1 < line.len && line.data[i] != 'm') {
            i++;
        }
    }
    terminal_escape(out, buf_bytes(&plain));
    buf_close(&plain);
}

static void show_line(struct bytes line, bool as_json)
{
    struct json_doc doc;
    struct buf out;
    json_open(&doc);
    buf_open(&out, PRINT_BYTES_MAX);
    bool is_json = json_parse(&doc, line, NULL) == 0 && doc.nodes[0].type == JSON_OBJECT;
    if (as_json && is_json) {
        json_write_node(&out, &doc, doc.nodes, false);
    } else if (as_json) {
        buf_append_text(&out, "{\"line\":");
        json_write_string(&out, line);
        buf_append_char(&out, '}');
    } else if (is_json) {
        readable(&out, &doc);
    } else {
        without_colours(&out, line);
    }
    printf("%.*s\n", (int)out.len, out.data ? out.data : "");
    buf_close(&out);
    json_close(&doc);
}

static void show_lines(const struct ask *ask, bool as_json)
{
    const struct json_node *lines = json_member(&ask->doc, ask->result, "lines");
    const struct json_node *lost = json_member(&ask->doc, ask->result, "lost");
    if (lost && lost->type == JSON_INTEGER && lost->integer > 0) {
        fprintf(stderr, "(%lld lines are no longer kept)\n", (long long)lost->integer);
    }
    const struct json_node *line = lines ? json_first(&ask->doc, lines) : NULL;
    for (; line; line = json_next(&ask->doc, lines, line)) {
        show_line(json_string(line), as_json);
    }
    fflush(stdout);
}

int cli_plugin_logs(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    struct ask ask;
    struct buf arguments;
    int status;
    if (!cli_parse(&args, command, argc, argv, &status)) {
        return status;
    }
    if (ask_open(&ask, cli_data_folder(&args))) {
        return CLI_FAILED;
    }
    name_argument(&arguments, "name", args.words[0]);
    if (cli_value(&args, "follow")) {
        arguments.len--;
        buf_append_text(&arguments, ",\"follow\":true}");
    }
    int err = ask_server(&ask, command->name, buf_bytes(&arguments));
    while (!err && ask.has_more) {
        show_lines(&ask, cli_value(&args, "json") != NULL);
        err = ask_next(&ask);
    }
    buf_close(&arguments);
    ask_close(&ask);
    return err ? CLI_FAILED : CLI_OK;
}

/* ---- stats, backup, reread ---- */

int cli_stats(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    int status;
    if (!cli_parse(&args, command, argc, argv, &status)) {
        return status;
    }
    return operate(&args, command->name, BYTES("{}"), print_pairs);
}

static void show_backup(const struct json_doc *doc, const struct json_node *result)
{
    show_text(doc, result, "file", "database: ");
    show_text(doc, result, "bytes", ", bytes: ");
    show_text(doc, result, "keyFile", "\nkeys: ");
    puts("\nWithout the keys, what plugins have sealed can't be read; keep the two apart.");
}

int cli_backup(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    struct buf arguments;
    char path[2 * PATH_MAX];
    char folder[PATH_MAX];
    int status;
    if (!cli_parse(&args, command, argc, argv, &status)) {
        return status;
    }
    if (args.words[0][0] == '/') {
        snprintf(path, sizeof(path), "%s", args.words[0]);
    } else if (getcwd(folder, sizeof(folder))) {
        snprintf(path, sizeof(path), "%s/%s", folder, args.words[0]);
    } else {
        return cli_fail(CLI_FAILED, "the current folder has no name; give an absolute path");
    }
    name_argument(&arguments, "path", path);
    status = operate(&args, command->name, buf_bytes(&arguments), show_backup);
    buf_close(&arguments);
    return status;
}

static void show_reread(const struct json_doc *doc, const struct json_node *result)
{
    const struct json_node *keys = json_member(doc, result, "restartNeeded");
    const struct json_node *key = keys ? json_first(doc, keys) : NULL;
    puts("the configuration was read again");
    for (; key; key = json_next(doc, keys, key)) {
        struct buf text;
        buf_open(&text, PRINT_BYTES_MAX);
        print_value(&text, doc, key);
        printf("restart needed for: %.*s\n", (int)text.len, text.data);
        buf_close(&text);
    }
}

int cli_reread(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    int status;
    if (!cli_parse(&args, command, argc, argv, &status)) {
        return status;
    }
    return operate(&args, command->name, BYTES("{}"), show_reread);
}
