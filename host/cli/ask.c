#include "host/cli/ask.h"

#include "host/base/err.h"
#include "host/cli/cli.h"
#include "host/cli/terminal.h"

#include <string.h>

#define MESSAGE_MAX 1024

int ask_open(struct ask *ask, const char *data_folder)
{
    char message[MESSAGE_MAX] = "";
    int err = control_client_new(&ask->client, data_folder, message, sizeof(message));
    if (err) {
        cli_fail(CLI_FAILED, "%s", message);
        return err;
    }
    json_open(&ask->doc);
    return 0;
}

void ask_close(struct ask *ask)
{
    control_client_free(ask->client);
    json_close(&ask->doc);
}

/* "\n" stays a line break here: a plugin's mistake is told with its trace. */
static void tell_failure(const struct ask *ask)
{
    const struct json_node *error = json_member(&ask->doc, ask->doc.nodes, "error");
    const struct json_node *message = error ? json_member(&ask->doc, error, "message") : NULL;
    struct bytes rest = message && message->type == JSON_STRING
                            ? json_string(message)
                            : BYTES("the server gave no reason");
    struct buf text;
    buf_open(&text, CONTROL_CLIENT_LINE_MAX);
    while (rest.len > 0) {
        const char *end = memchr(rest.data, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.data) : rest.len;
        terminal_escape(&text, (struct bytes){rest.data, len});
        buf_append_text(&text, end ? "\n" : "");
        len += end ? 1 : 0;
        rest = (struct bytes){rest.data + len, rest.len - len};
    }
    cli_fail(CLI_FAILED, "%.*s", (int)text.len, text.data ? text.data : "");
    buf_close(&text);
}

int ask_next(struct ask *ask)
{
    struct bytes line;
    int err = control_client_next(ask->client, &line);
    if (!err) {
        err = json_parse(&ask->doc, line, NULL);
    }
    if (err) {
        cli_fail(CLI_FAILED, "%s", err == ERR_CLOSED ? "the server ended" : err_text(err));
        return err;
    }
    const struct json_node *ok = json_member(&ask->doc, ask->doc.nodes, "ok");
    const struct json_node *more = json_member(&ask->doc, ask->doc.nodes, "more");
    ask->has_more = more && more->type == JSON_TRUE;
    ask->result = json_member(&ask->doc, ask->doc.nodes, "result");
    if (!ok || ok->type != JSON_TRUE || !ask->result) {
        tell_failure(ask);
        return ERR_INVALID;
    }
    return 0;
}

int ask_server(struct ask *ask, const char *command, struct bytes args)
{
    int err = control_client_ask(ask->client, command, args);
    if (err) {
        cli_fail(CLI_FAILED, "can't ask the server: %s", err_text(err));
        return err;
    }
    return ask_next(ask);
}
