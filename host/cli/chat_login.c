/*
 * From a connection to a session:
 *
 *     an access token -> session.open
 *     else a refresh token -> user.refresh -> session.open
 *     else the password -> user.login -> session.open
 *                              `-> user.register, when the user agrees
 *
 * While a person is asked something no connection waits: the server would close
 * it. So the connection is closed with a wish, and opened again.
 */
#include "host/base/err.h"
#include "host/cli/chat.h"
#include "host/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define DEVICE_NAME "chattermesh chat"

static void open_session(struct chat *chat);
static void opened(struct chat *chat, const struct answer *answer, const char *subject);
static void refresh(struct chat *chat);
static void refreshed(struct chat *chat, const struct answer *answer, const char *subject);
static void log_in(struct chat *chat);
static void logged_in(struct chat *chat, const struct answer *answer, const char *subject);

static void wish(struct chat *chat, enum chat_wish what)
{
    chat->wish = what;
    chat_link_close(chat->link);
}

/* Keeps what a login gave. */
static void keep_login(struct chat *chat, const struct answer *answer)
{
    chat_text(chat->access_token, sizeof(chat->access_token), answer->doc, answer->result,
              "accessToken");
    chat_text(chat->profile.refresh_token, PROFILE_TEXT_MAX, answer->doc, answer->result,
              "refreshToken");
    chat_text(chat->profile.device_id, PROFILE_TEXT_MAX, answer->doc, answer->result, "deviceId");
    int err = profile_save(&chat->profile);
    if (err) {
        chat_say(chat, "this login can't be kept for next time (%s)", err_text(err));
    }
}

/* What is no verdict on the login is tried again later by the reconnecting. */
static bool is_passing(const struct answer *answer)
{
    return strcmp(answer->type, "unauthenticated") != 0 && strcmp(answer->type, "conflict") != 0 &&
           strcmp(answer->type, "invalid_params") != 0 && strcmp(answer->type, "forbidden") != 0 &&
           strcmp(answer->type, "too_large") != 0;
}

static void open_session(struct chat *chat)
{
    struct buf params;
    chat_params(&params);
    chat_param(&params, "token", chat->access_token);
    chat_call(chat, "session.open", chat_params_end(&params), opened, "");
    buf_close(&params);
}

static void opened(struct chat *chat, const struct answer *answer, const char *subject)
{
    (void)subject;
    if (!answer->result) {
        chat->access_token[0] = '\0';
        if (is_passing(answer)) {
            chat_link_close(chat->link);
        } else {
            refresh(chat);
        }
        return;
    }
    chat_text(chat->user_id, sizeof(chat->user_id), answer->doc, answer->result, "userId");
    chat_learn(chat, chat->user_id, chat->user);
    chat->is_open = true;
    chat->was_open = true;
    chat->failures = 0;
    chat_pull(chat);
    chat_resend(chat);
}

static void refresh(struct chat *chat)
{
    struct buf params;
    if (chat->profile.refresh_token[0] == '\0') {
        log_in(chat);
        return;
    }
    chat->step = LOGIN_REFRESH;
    chat_params(&params);
    chat_param(&params, "refreshToken", chat->profile.refresh_token);
    chat_call(chat, "user.refresh", chat_params_end(&params), refreshed, "");
    buf_close(&params);
}

static void refreshed(struct chat *chat, const struct answer *answer, const char *subject)
{
    (void)subject;
    if (answer->result) {
        keep_login(chat, answer);
        open_session(chat);
    } else if (is_passing(answer)) {
        chat_link_close(chat->link);
    } else if (chat->was_open) {
        chat_end(chat, CLI_FAILED, "this login was ended; start again to log in");
    } else {
        chat->profile.refresh_token[0] = '\0';
        log_in(chat);
    }
}

static void log_in(struct chat *chat)
{
    struct buf params;
    if (chat->password[0] == '\0') {
        wish(chat, WISH_PASSWORD);
        return;
    }
    bool registers = chat->step == LOGIN_REGISTER;
    chat_params(&params);
    chat_param(&params, "username", chat->user);
    chat_param(&params, "password", chat->password);
    buf_append_text(&params, ",\"device\":{\"name\":\"" DEVICE_NAME "\",\"platform\":\"terminal\"");
    if (chat->profile.device_id[0]) {
        buf_append_text(&params, ",\"id\":");
        json_write_string(&params, bytes_of(chat->profile.device_id));
    }
    buf_append_char(&params, '}');
    chat_call(chat, registers ? "user.register" : "user.login", chat_params_end(&params), logged_in,
              registers ? "register" : "login");
    explicit_bzero(params.data, params.len);
    buf_close(&params);
}

static void logged_in(struct chat *chat, const struct answer *answer, const char *subject)
{
    char text[1024];
    bool registers = strcmp(subject, "register") == 0;
    if (answer->result) {
        explicit_bzero(chat->password, sizeof(chat->password));
        chat->step = LOGIN_TOKEN;
        keep_login(chat, answer);
        open_session(chat);
    } else if (!registers && strcmp(answer->type, "unauthenticated") == 0) {
        wish(chat, WISH_REGISTER);
    } else if (registers && strcmp(answer->type, "conflict") == 0) {
        chat_end(chat, CLI_FAILED, "the password is wrong");
    } else if (answer->type[0] == '\0' || strcmp(answer->type, "unavailable") == 0) {
        chat_link_close(chat->link);
    } else {
        snprintf(text, sizeof(text), "the server refuses the login: %s", answer->error);
        chat_end(chat, CLI_FAILED, text);
    }
}

void chat_login_begin(struct chat *chat)
{
    if (chat->access_token[0]) {
        open_session(chat);
    } else {
        refresh(chat);
    }
}
