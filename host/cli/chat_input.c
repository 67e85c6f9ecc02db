/* What one types: a line goes to the current chat, a command begins with a slash. */
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/cli/chat.h"
#include "host/cli/cli.h"
#include "lua/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_BYTES_MAX CHAT_NAME_BYTES_MAX
#define HISTORY_MAX 200
#define TYPING_AGAIN_MS 3000 /* the server forgets a typist after 6 s of silence */
#define GROUP_NAMES_MAX 32
#define TICK "\xe2\x9c\x93"

/* Takes the next word off, or what stands in double quotes; false at the end. */
static bool take_word(struct bytes *rest, char out[WORD_BYTES_MAX])
{
    while (rest->len > 0 && rest->data[0] == ' ') {
        rest->data++;
        rest->len--;
    }
    if (rest->len == 0) {
        return false;
    }
    bool is_quoted = rest->data[0] == '"';
    struct bytes word = {rest->data + is_quoted, rest->len - is_quoted};
    const char *end = memchr(word.data, is_quoted ? '"' : ' ', word.len);
    word.len = end ? (size_t)(end - word.data) : word.len;
    snprintf(out, WORD_BYTES_MAX, "%.*s", (int)word.len, word.data);
    size_t taken = word.len + (is_quoted ? 1 : 0) + (end ? 1 : 0);
    *rest = (struct bytes){rest->data + taken, rest->len - taken};
    return true;
}

static void failed(struct chat *chat, const char *what, const struct answer *answer)
{
    chat->is_busy = false;
    chat_say(chat, "%s: %s", what, answer->error);
}

/* ---- /to ---- */

static void chat_opened(struct chat *chat, const struct answer *answer, const char *subject)
{
    char id[CHAT_ID_SIZE];
    if (!answer->result) {
        failed(chat, "can't talk to this user", answer);
        return;
    }
    chat_text(id, sizeof(id), answer->doc, answer->result, "chatId");
    struct room *room = chat_room_make(chat, id);
    if (!room) {
        chat->is_busy = false;
        chat_say(chat, "too many chats");
        return;
    }
    snprintf(room->user_id, sizeof(room->user_id), "%s", subject);
    chat_open_room(chat, room);
}

/* The one of this very name; search gives similar ones too. */
static bool find_user(struct chat *chat, const struct answer *answer, const char *name,
                      char id[CHAT_ID_SIZE])
{
    const struct json_node *users = json_member(answer->doc, answer->result, "users");
    const struct json_node *user = users ? json_first(answer->doc, users) : NULL;
    for (; user; user = json_next(answer->doc, users, user)) {
        char username[CHAT_NAME_BYTES_MAX];
        chat_text(username, sizeof(username), answer->doc, user, "username");
        if (strcasecmp(username, name) == 0 &&
            chat_text(id, CHAT_ID_SIZE, answer->doc, user, "userId")) {
            chat_learn(chat, id, username);
            return true;
        }
    }
    return false;
}

static void search(struct chat *chat, const char *name, chat_done done)
{
    struct buf params;
    chat->is_busy = true;
    chat_params(&params);
    chat_param(&params, "query", name);
    chat_param_integer(&params, "limit", 20);
    chat_call(chat, "user.search", chat_params_end(&params), done, name);
    buf_close(&params);
}

static void open_direct(struct chat *chat, const char *user_id)
{
    struct buf params;
    chat_params(&params);
    chat_param(&params, "userId", user_id);
    chat_call(chat, "chat.open", chat_params_end(&params), chat_opened, user_id);
    buf_close(&params);
}

static void found_for_to(struct chat *chat, const struct answer *answer, const char *subject)
{
    char id[CHAT_ID_SIZE];
    if (!answer->result) {
        failed(chat, "can't search", answer);
    } else if (find_user(chat, answer, subject, id)) {
        open_direct(chat, id);
    } else {
        chat->is_busy = false;
        chat_say(chat, "there is no user %s, and no chat of this name", subject);
    }
}

static void to(struct chat *chat, struct bytes rest)
{
    char name[WORD_BYTES_MAX];
    struct room *room = NULL;
    struct bytes whole = rest;
    while (whole.len > 0 && whole.data[0] == ' ') {
        whole = (struct bytes){whole.data + 1, whole.len - 1};
    }
    if (!take_word(&rest, name)) {
        chat_say(chat, "/to USER, or the title of a group");
        return;
    }
    const char *plain = name[0] == '@' ? name + 1 : name;
    room = chat_room_named(chat, whole); /* a title may have several words */
    room = room ? room : chat_room_named(chat, bytes_of(plain));
    if (room) {
        chat_open_room(chat, room);
    } else {
        search(chat, plain, found_for_to);
    }
}

/* ---- /group ---- */

static void group_created(struct chat *chat, const struct answer *answer, const char *subject)
{
    char id[CHAT_ID_SIZE];
    if (!answer->result) {
        failed(chat, "can't make the group", answer);
        return;
    }
    chat_text(id, sizeof(id), answer->doc, answer->result, "chatId");
    struct room *room = chat_room_make(chat, id);
    if (room) {
        snprintf(room->title, sizeof(room->title), "%s", subject);
        chat_open_room(chat, room);
    }
}

static void create_group(struct chat *chat)
{
    struct buf params;
    chat_params(&params);
    chat_param(&params, "title", chat->group_title);
    buf_append_text(&params, ",\"memberIds\":[");
    for (size_t i = 0; i < chat->group_ids_count; i++) {
        buf_append_text(&params, i ? "," : "");
        json_write_string(&params, bytes_of(chat->group_ids[i]));
    }
    buf_append_char(&params, ']');
    chat_call(chat, "group.create", chat_params_end(&params), group_created, chat->group_title);
    buf_close(&params);
}

static void found_for_group(struct chat *chat, const struct answer *answer, const char *subject)
{
    if (!answer->result) {
        failed(chat, "can't search", answer);
    } else if (!find_user(chat, answer, subject, chat->group_ids[chat->group_ids_count])) {
        chat->is_busy = false;
        chat_say(chat, "there is no user %s; no group was made", subject);
    } else if (++chat->group_ids_count < chat->group_names_count) {
        search(chat, chat->group_names[chat->group_ids_count], found_for_group);
    } else {
        create_group(chat);
    }
}

static void group(struct chat *chat, struct bytes rest)
{
    chat->group_names_count = 0;
    chat->group_ids_count = 0;
    if (!take_word(&rest, chat->group_title)) {
        chat_say(chat, "/group TITLE USER...; a title of several words stands in \"quotes\"");
        return;
    }
    while (chat->group_names_count < GROUP_NAMES_MAX &&
           take_word(&rest, chat->group_names[chat->group_names_count])) {
        chat->group_names_count++;
    }
    chat->is_busy = true;
    if (chat->group_names_count > 0) {
        search(chat, chat->group_names[0], found_for_group);
    } else {
        create_group(chat);
    }
}

/* ---- /chats, /history ---- */

static void chats(struct chat *chat, struct bytes rest)
{
    (void)rest;
    for (size_t i = 0; i < chat->rooms_count; i++) {
        const struct room *room = &chat->rooms[i];
        if (!room->is_gone) {
            chat_say(chat, "%s%s%s, %lld unread", chat_room_title(chat, room),
                     room->user_id[0] ? "" : " (a group)",
                     strcmp(room->id, chat->current) == 0 ? " (here)" : "",
                     (long long)room->unread);
        }
    }
    if (chat->rooms_count == 0) {
        chat_say(chat, "no chats yet; /to USER begins one");
    }
}

static void history(struct chat *chat, struct bytes rest)
{
    char word[WORD_BYTES_MAX];
    struct room *room = chat_room(chat, chat->current);
    long count = take_word(&rest, word) ? strtol(word, NULL, 10) : CHAT_HISTORY_LINES;
    if (!room) {
        chat_say(chat, "no chat is open; /to USER opens one");
    } else if (count < 1 || count > HISTORY_MAX) {
        chat_say(chat, "/history N, with N from 1 to %d", HISTORY_MAX);
    } else {
        chat_show_history(chat, room, count);
    }
}

/* ---- /who ---- */

static void members_shown(struct chat *chat, const struct answer *answer, const char *subject);

static void ask_members(struct chat *chat, const struct answer *answer, const char *subject)
{
    struct buf params;
    if (answer->error[0]) {
        failed(chat, "can't ask who is there", answer);
        return;
    }
    chat_params(&params);
    chat_param(&params, "chatId", subject);
    chat_param_integer(&params, "limit", CHAT_WANTED_MAX);
    chat_call(chat, "group.members", chat_params_end(&params), members_shown, subject);
    buf_close(&params);
}

static void members_shown(struct chat *chat, const struct answer *answer, const char *subject)
{
    if (!answer->result) {
        failed(chat, "can't ask who is there", answer);
        return;
    }
    const struct json_node *members = json_member(answer->doc, answer->result, "members");
    bool is_known = true;
    for (int round = 0; round < 2 && is_known; round++) {
        const struct json_node *member = members ? json_first(answer->doc, members) : NULL;
        for (; member; member = json_next(answer->doc, members, member)) {
            char id[CHAT_ID_SIZE];
            char role[32];
            chat_text(id, sizeof(id), answer->doc, member, "userId");
            chat_text(role, sizeof(role), answer->doc, member, "role");
            const char *name = chat_name(chat, id);
            is_known = is_known && name[0];
            if (round == 1) {
                chat_say(chat, "%s (%s)", name, role);
            }
        }
    }
    if (!is_known) {
        chat_with_names(chat, ask_members, subject);
        return;
    }
    chat->is_busy = false;
}

static void presence_shown(struct chat *chat, const struct answer *answer, const char *subject)
{
    (void)subject;
    chat->is_busy = false;
    if (!answer->result) {
        failed(chat, "can't ask who is there", answer);
        return;
    }
    const struct json_node *users = json_member(answer->doc, answer->result, "users");
    const struct json_node *user = users ? json_first(answer->doc, users) : NULL;
    for (; user; user = json_next(answer->doc, users, user)) {
        char id[CHAT_ID_SIZE];
        char status[32];
        chat_text(id, sizeof(id), answer->doc, user, "userId");
        chat_text(status, sizeof(status), answer->doc, user, "status");
        chat_say(chat, "%s is %s", chat_name(chat, id), status);
    }
}

static void who(struct chat *chat, struct bytes rest)
{
    struct buf params;
    const struct room *room = chat_room(chat, chat->current);
    (void)rest;
    if (!room) {
        chat_say(chat, "no chat is open; /to USER opens one");
        return;
    }
    chat->is_busy = true;
    if (room->user_id[0] == '\0') {
        ask_members(chat, &(struct answer){.type = "", .error = ""}, room->id);
        return;
    }
    chat_params(&params);
    buf_append_text(&params, "\"userIds\":[");
    json_write_string(&params, bytes_of(room->user_id));
    buf_append_char(&params, ']');
    chat_call(chat, "presence.watch", chat_params_end(&params), presence_shown, room->user_id);
    buf_close(&params);
}

/* ---- which is which ---- */

static void help(struct chat *chat, struct bytes rest)
{
    static const char *const lines[] = {
        "/to USER             talk to somebody, or in a group by its title",
        "/group TITLE USER... make a group and talk there",
        "/chats               your chats and what is unread",
        "/history N           the last N entries again",
        "/who                 who is in this chat",
        "/quit                leave; ^C does too",
        "Everything else is sent; //text sends a line that begins with a slash.",
        TICK " is on the server's disk, " TICK TICK " has arrived, in blue it was read.",
    };
    (void)rest;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        chat_say(chat, "%s", lines[i]);
    }
}

static void quit(struct chat *chat, struct bytes rest)
{
    (void)rest;
    chat_end(chat, CLI_OK, "");
}

static void run(struct chat *chat, struct bytes line)
{
    static const struct {
        const char *name;
        void (*run)(struct chat *chat, struct bytes rest);
    } commands[] = {{"to", to},   {"group", group}, {"chats", chats}, {"history", history},
                    {"who", who}, {"help", help},   {"quit", quit}};
    const char *names[sizeof(commands) / sizeof(commands[0])];
    char word[WORD_BYTES_MAX];
    struct bytes rest = {line.data + 1, line.len - 1};
    if (!take_word(&rest, word)) {
        word[0] = '\0';
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        names[i] = commands[i].name;
        if (strcmp(word, commands[i].name) == 0) {
            commands[i].run(chat, rest);
            return;
        }
    }
    const char *nearest =
        nearest_name(bytes_of(word), names, sizeof(commands) / sizeof(commands[0]));
    chat_say(chat, "there is no /%s; %s%s%s", word,
             nearest ? "do you mean /" : "/help lists what there is", nearest ? nearest : "",
             nearest ? "?" : "");
}

void chat_input(struct chat *chat, struct bytes line)
{
    struct room *room = chat_room(chat, chat->current);
    bool is_literal = line.len > 1 && line.data[0] == '/' && line.data[1] == '/';
    if (line.len == 0) {
        return;
    }
    if (line.data[0] == '/' && !is_literal) {
        run(chat, line);
        return;
    }
    if (!room) {
        chat_say(chat, "to whom? /to USER opens a chat");
        return;
    }
    chat_send_text(chat, room, (struct bytes){line.data + is_literal, line.len - is_literal});
}

void chat_edited(struct chat *chat, bool is_empty)
{
    struct buf params;
    int64_t now = clock_steady_ms();
    bool was_typing = chat->typing_sent_ms != 0;
    if (!chat->is_open || chat->current[0] == '\0' || (is_empty && !was_typing) ||
        (!is_empty && was_typing && now - chat->typing_sent_ms < TYPING_AGAIN_MS)) {
        return;
    }
    chat->typing_sent_ms = is_empty ? 0 : now;
    chat_params(&params);
    chat_param(&params, "chatId", chat->current);
    chat_param(&params, "state", is_empty ? "idle" : "typing");
    chat_notify(chat, "typing.set", chat_params_end(&params));
    buf_close(&params);
}
