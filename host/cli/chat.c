/* `chat`: begins, ends, and turns between the keyboard and the connection. */
#include "host/cli/chat.h"

#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/cli/chat_keyboard.h"
#include "host/cli/cli.h"
#include "host/crypto/random.h"

#include <ctype.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 30000
#define LINES_BYTES_MAX (1U << 20) /* typed ahead while a command waits */
#define CLOSE_GOING_AWAY 1001
#define CLOSE_UNAUTHENTICATED 4401
#define CLOSE_REVOKED 4403
#define CLOSE_REPLACED 4409

struct session {
    struct chat chat;
    struct keyboard *keyboard;
    struct buf lines; /* not yet handled, each with its newline */
    bool input_ended;
};

/* ---- telling ---- */

void chat_print(struct chat *chat, struct bytes line)
{
    chat->last_own_seq = 0;
    if (chat->screen) {
        screen_print(chat->screen, line);
    } else {
        fprintf(stderr, "%.*s\n", (int)line.len, line.data);
    }
}

void chat_say(struct chat *chat, const char *format, ...)
{
    struct buf text;
    struct buf line;
    char words[CHAT_LINE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    buf_open(&text, CHAT_LINE_BYTES_MAX * 8);
    terminal_escape(&text, bytes_of(words));
    buf_open(&line, CHAT_LINE_BYTES_MAX * 8 + 16);
    bool is_terminal = chat->screen && screen_is_terminal(chat->screen);
    buf_append_text(&line, is_terminal ? "\033[2m-- " : "-- ");
    buf_append(&line, buf_bytes(&text));
    buf_append_text(&line, is_terminal ? "\033[0m" : "");
    chat_print(chat, buf_bytes(&line));
    buf_close(&line);
    buf_close(&text);
}

void chat_end(struct chat *chat, int status, const char *why)
{
    if (!chat->is_over && why[0]) {
        chat_say(chat, "%s", why);
    }
    chat->is_over = true;
    chat->status = status;
}

void chat_show_prompt(struct chat *chat)
{
    struct buf prompt;
    const struct room *room = chat_room(chat, chat->current);
    if (!chat->screen) {
        return;
    }
    buf_open(&prompt, CHAT_LINE_BYTES_MAX);
    if (chat->typist[0]) {
        const char *name = chat_name(chat, chat->typist);
        terminal_escape(&prompt, bytes_of(name[0] ? name : "somebody"));
        buf_append_text(&prompt, " is writing | ");
    }
    terminal_escape(&prompt, bytes_of(room ? chat_room_title(chat, room) : "chattermesh"));
    buf_append_text(&prompt, chat->is_open ? "> " : " (offline)> ");
    screen_prompt(chat->screen, buf_bytes(&prompt));
    buf_close(&prompt);
}

/* ---- the connection ---- */

static void on_opened(void *ctx)
{
    chat_login_begin(ctx);
}

static void on_message(void *ctx, struct bytes text)
{
    chat_receive(ctx, text);
}

static int64_t backoff_ms(const struct chat *chat, int code, const char *reason)
{
    uint16_t dice;
    unsigned doublings = chat->failures < 6 ? chat->failures : 6;
    int64_t delay = BACKOFF_FIRST_MS << doublings;
    random_fill(&dice, sizeof(dice));
    if (code == CLOSE_GOING_AWAY && isdigit((unsigned char)reason[0])) {
        delay = strtol(reason, NULL, 10); /* the server spreads its clients */
    }
    delay = delay < BACKOFF_MAX_MS ? delay : BACKOFF_MAX_MS;
    return delay / 2 + delay * dice / 2 / UINT16_MAX;
}

static void on_closed(void *ctx, int code, const char *reason)
{
    struct chat *chat = ctx;
    bool was_open = chat->is_open;
    char text[512];
    chat->is_open = false;
    chat_calls_lost(chat);
    if (chat->wish != WISH_NONE || chat->is_over) {
        return;
    }
    if (code == CLOSE_REVOKED || code == CLOSE_REPLACED) {
        chat_end(chat, CLI_FAILED,
                 code == CLOSE_REVOKED ? "this login was ended"
                                       : "the same login was opened elsewhere");
        return;
    }
    if (!chat->was_open && ++chat->failures > 2) {
        snprintf(text, sizeof(text), "can't connect to %s port %d: %s%s", chat->address.host,
                 chat->address.port, reason[0] ? reason : "the server closed the connection",
                 chat->address.is_secure && !chat->address.is_unchecked
                     ? " (if only its certificate is in doubt, --insecure takes any)"
                     : "");
        chat_end(chat, CLI_FAILED, text);
        return;
    }
    if (was_open) {
        chat_say(chat, "the connection is lost; trying again");
    }
    if (code == CLOSE_UNAUTHENTICATED) {
        chat->access_token[0] = '\0';
    }
    chat_timer_start(chat->reconnect, backoff_ms(chat, code, reason));
    chat->failures += chat->was_open ? 1 : 0;
    chat_show_prompt(chat);
}

static void reconnect(void *ctx)
{
    struct chat *chat = ctx;
    chat_link_connect(chat->link);
}

/* ---- what a person is asked while no connection waits ---- */

static void ask_password(struct chat *chat)
{
    char question[128];
    snprintf(question, sizeof(question), "password of %s", chat->user);
    int err = terminal_secret(question, chat->password);
    if (err || chat->password[0] == '\0') {
        chat_end(chat, CLI_FAILED,
                 err == ERR_TOO_LARGE ? "this password is too long"
                                      : "without a password there is no login");
    }
}

static void ask_register(struct chat *chat)
{
    char again[SECRET_BYTES_MAX];
    char question[256];
    snprintf(question, sizeof(question),
             "no user %s with this password. Make a new account of this name?", chat->user);
    chat->step = LOGIN_REGISTER;
    if (!chat->asks) {
        chat_say(chat, "no user %s with this password; making a new account", chat->user);
        return;
    }
    if (!terminal_agrees(question)) {
        chat_end(chat, CLI_FAILED, "not logged in");
        return;
    }
    int err = terminal_secret("the password once more", again);
    if (err || strcmp(again, chat->password) != 0) {
        chat_end(chat, CLI_FAILED, "the two passwords differ");
    }
    explicit_bzero(again, sizeof(again));
}

static void grant_wish(struct chat *chat)
{
    enum chat_wish wish = chat->wish;
    chat->wish = WISH_NONE;
    if (wish == WISH_PASSWORD) {
        ask_password(chat);
    } else {
        ask_register(chat);
    }
    if (!chat->is_over) {
        chat_link_connect(chat->link);
    }
}

/* ---- the keyboard ---- */

static void on_line(void *ctx, struct bytes line)
{
    struct session *session = ctx;
    if (line.len + 1 > LINES_BYTES_MAX - session->lines.len) {
        chat_say(&session->chat, "too much was typed ahead; a line is lost");
        return;
    }
    buf_append(&session->lines, line);
    buf_append_char(&session->lines, '\n');
}

static void on_edited(void *ctx, bool is_empty)
{
    struct session *session = ctx;
    chat_edited(&session->chat, is_empty);
}

static void on_quit(void *ctx)
{
    struct session *session = ctx;
    chat_end(&session->chat, CLI_OK, "");
}

static void begin_screen(struct session *session)
{
    struct screen_events events = {session, on_line, on_edited, on_quit};
    session->chat.screen = screen_new(&events);
    session->keyboard = keyboard_new(session->chat.link);
}

static void take_keys(struct session *session)
{
    char typed[4096];
    size_t len;
    while ((len = keyboard_take(session->keyboard, typed, sizeof(typed))) > 0) {
        screen_take(session->chat.screen, (struct bytes){typed, len});
    }
    if (!session->input_ended && keyboard_is_over(session->keyboard)) {
        session->input_ended = true;
        screen_take_end(session->chat.screen);
    }
}

/* One line after the other: each may have to wait for the server. */
static void handle_lines(struct session *session)
{
    struct chat *chat = &session->chat;
    while (chat->has_pulled && !chat->is_busy && !chat->is_over && session->lines.len > 0) {
        const char *end = memchr(session->lines.data, '\n', session->lines.len);
        size_t len = (size_t)(end - session->lines.data);
        char *line = mem_copy_text(session->lines.data, len);
        memmove(session->lines.data, end + 1, session->lines.len - len - 1);
        session->lines.len -= len + 1;
        chat_input(chat, (struct bytes){line, len});
        mem_free(line);
    }
    bool is_done = session->input_ended && session->lines.len == 0 && chat->has_pulled &&
                   !chat->is_busy && chat->outgoing_count == 0;
    if (is_done) {
        chat_end(chat, CLI_OK, "");
    }
}

/* ---- begin and end ---- */

static bool is_username(const char *name)
{
    size_t len = strlen(name);
    return len >= 3 && len <= 32 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == len;
}

static int take_password(struct chat *chat, const struct cli_args *args)
{
    const char *file = cli_value(args, "password-file");
    const char *variable = getenv("CHATTERMESH_PASSWORD");
    if (file) {
        int err = terminal_secret_file(file, chat->password);
        if (err) {
            return cli_fail(CLI_USAGE, "can't take the password from %s: %s", file,
                            err == ERR_DENIED ? "it must be readable for its owner only"
                                              : err_text(err));
        }
    } else if (variable) {
        snprintf(chat->password, sizeof(chat->password), "%s", variable);
        (void)unsetenv("CHATTERMESH_PASSWORD");
    }
    return CLI_OK;
}

static int take_arguments(struct chat *chat, const struct cli_args *args)
{
    const char *user = cli_value(args, "user");
    if (!user) {
        return cli_fail(CLI_USAGE, "say who you are with --user NAME");
    }
    if (!is_username(user)) {
        return cli_fail(CLI_USAGE, "a user's name is 3 to 32 of a-z 0-9 _ . -, not '%s'", user);
    }
    if (!chat_link_parse(&chat->address, args->words[0])) {
        return cli_fail(CLI_USAGE, "'%s' is no address such as http://127.0.0.1:8080",
                        args->words[0]);
    }
    chat->user = user;
    chat->address.is_unchecked = cli_value(args, "insecure") != NULL;
    chat->asks = isatty(STDIN_FILENO);
    if (profile_open(&chat->profile, chat->address.host, chat->address.port, user)) {
        cli_fail(CLI_OK, "no HOME: this login will not be remembered");
    }
    return take_password(chat, args);
}

static void on_signal(int number)
{
    screen_restore();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void turn(struct session *session)
{
    struct chat *chat = &session->chat;
    while (!chat->is_over) {
        if (chat->is_open && !chat->screen) {
            begin_screen(session);
        }
        if (session->keyboard) {
            take_keys(session);
            handle_lines(session);
        }
        if (chat->wish != WISH_NONE && !chat_link_is_connected(chat->link)) {
            grant_wish(chat);
        }
        if (!chat->is_over && !chat_link_turn(chat->link)) {
            chat_end(chat, CLI_FAILED, "the network library gave up");
        }
    }
}

static void run(struct session *session)
{
    struct chat *chat = &session->chat;
    chat->reconnect = chat_timer_new(chat->link, reconnect, chat);
    chat->typing_over = chat_timer_new(chat->link, chat_typing_ended, chat);
    chat->resend = chat_timer_new(chat->link, chat_resend_later, chat);
    (void)signal(SIGTERM, on_signal);
    (void)signal(SIGHUP, on_signal);
    (void)signal(SIGPIPE, SIG_IGN);
    chat_link_connect(chat->link);
    turn(session);
    chat_timer_free(chat->resend);
    chat_timer_free(chat->typing_over);
    chat_timer_free(chat->reconnect);
    if (chat->screen) {
        screen_free(chat->screen);
        chat->screen = NULL;
    }
}

int cli_chat(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    int status;
    if (!cli_parse(&args, command, argc, argv, &status)) {
        return status;
    }
    struct session *session = mem_alloc(sizeof(*session));
    struct chat *chat = &session->chat;
    struct chat_link_events events = {chat, on_opened, on_message, on_closed};
    json_open(&chat->doc);
    buf_open(&session->lines, LINES_BYTES_MAX + 1);
    status = take_arguments(chat, &args);
    if (status == CLI_OK) {
        chat->link = chat_link_new(&chat->address, &events);
        if (chat->link) {
            run(session);
            status = chat->status;
            if (session->keyboard) {
                keyboard_leave(session->keyboard);
            }
            chat_link_free(chat->link);
        } else {
            status = cli_fail(CLI_FAILED, "the network library can't start");
        }
    }
    chat_send_free(chat);
    chat_rooms_free(chat);
    json_close(&chat->doc);
    buf_close(&session->lines);
    explicit_bzero(session, sizeof(*session));
    mem_free(session);
    return status;
}
