/* How an entry of the log looks, and the ticks of one's own: sent, delivered, read. */
#include "host/cli/chat.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum ticks { TICKS_SENT, TICKS_DELIVERED, TICKS_READ };

static const char *const ticks_plain[] = {"\xe2\x9c\x93", "\xe2\x9c\x93\xe2\x9c\x93",
                                          "\xe2\x9c\x93\xe2\x9c\x93 read"};
static const char *const ticks_coloured[] = {"\033[2m\xe2\x9c\x93\033[0m",
                                             "\033[2m\xe2\x9c\x93\xe2\x9c\x93\033[0m",
                                             "\033[34m\xe2\x9c\x93\xe2\x9c\x93\033[0m"};

static bool has_colours(const struct chat *chat)
{
    return chat->screen && screen_is_terminal(chat->screen);
}

static const char *ticks_text(const struct chat *chat, int ticks)
{
    return has_colours(chat) ? ticks_coloured[ticks] : ticks_plain[ticks];
}

static int ticks_of(const struct room *room, int64_t seq)
{
    if (room->user_id[0] == '\0') {
        return TICKS_SENT; /* a group has as many marks as members */
    }
    return room->peer_read >= seq        ? TICKS_READ
           : room->peer_delivered >= seq ? TICKS_DELIVERED
                                         : TICKS_SENT;
}

/* "12:30 ann: hello" */
static void append_line(const struct chat *chat, struct buf *out, int64_t at_ms, const char *name,
                        struct bytes text)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm local;
    localtime_r(&seconds, &local);
    buf_append_format(out, "%02d:%02d ", local.tm_hour, local.tm_min);
    buf_append_text(out, has_colours(chat) ? "\033[1m" : "");
    terminal_escape(out, bytes_of(name));
    buf_append_text(out, has_colours(chat) ? "\033[0m: " : ": ");
    terminal_escape(out, text);
}

void chat_show_own(struct chat *chat, struct room *room, int64_t seq, int64_t sent_at,
                   struct bytes text)
{
    struct buf line;
    buf_open(&line, CHAT_LINE_BYTES_MAX * 2);
    append_line(chat, &line, sent_at, "you", text);
    int ticks = ticks_of(room, seq);
    int len = (int)line.len;
    const char *tick = ticks_text(chat, ticks);
    buf_append_char(&line, ' ');
    buf_append_text(&line, tick);
    chat_print(chat, buf_bytes(&line));
    snprintf(chat->last_own_line, sizeof(chat->last_own_line), "%.*s", len, line.data);
    chat->last_own_seq = len < (int)sizeof(chat->last_own_line) ? seq : 0;
    if (seq > room->own_seq) {
        room->own_seq = seq;
        room->own_ticks = ticks;
    }
    buf_close(&line);
}

void chat_show_ticks(struct chat *chat, struct room *room)
{
    int ticks = ticks_of(room, room->own_seq);
    if (room->own_seq == 0 || ticks <= room->own_ticks || strcmp(chat->current, room->id) != 0) {
        return;
    }
    struct buf line;
    buf_open(&line, CHAT_LINE_BYTES_MAX * 2);
    room->own_ticks = ticks;
    bool is_last = chat->last_own_seq == room->own_seq;
    if (is_last) {
        buf_append_format(&line, "%s %s", chat->last_own_line, ticks_text(chat, ticks));
    }
    if (!is_last || !chat->screen || !screen_print_over(chat->screen, buf_bytes(&line))) {
        buf_clear(&line);
        buf_append_format(&line, "      %s ",
                          ticks_text(chat, has_colours(chat) ? ticks : TICKS_DELIVERED));
        terminal_escape(&line, bytes_of(chat_room_title(chat, room)));
        buf_append_text(&line, ticks == TICKS_READ ? " has read it" : " has got it");
        chat_print(chat, buf_bytes(&line));
    }
    buf_close(&line);
}

/* ---- entries of all kinds ---- */

bool chat_knows_names(struct chat *chat, const struct json_doc *doc, const struct json_node *entry)
{
    static const char *const in_change[] = {"userId", "by"};
    char id[CHAT_ID_SIZE];
    bool known = true;
    const struct json_node *change = json_member(doc, entry, "change");
    if (chat_text(id, sizeof(id), doc, entry, "senderId")) {
        known = chat_name(chat, id)[0] != '\0';
    }
    for (size_t i = 0; change && i < 2; i++) {
        if (chat_text(id, sizeof(id), doc, change, in_change[i])) {
            known = chat_name(chat, id)[0] != '\0' && known;
        }
    }
    return known;
}

static struct bytes content_text(const struct json_doc *doc, const struct json_node *entry,
                                 char *scratch, size_t size)
{
    char type[64];
    char name[CHAT_NAME_BYTES_MAX];
    const struct json_node *deleted = json_member(doc, entry, "deleted");
    const struct json_node *content = json_member(doc, entry, "content");
    const struct json_node *text = content ? json_member(doc, content, "text") : NULL;
    chat_text(type, sizeof(type), doc, entry, "type");
    if (deleted && deleted->type == JSON_TRUE) {
        return BYTES("(deleted)");
    }
    if (text && text->type == JSON_STRING && (strcmp(type, "text") == 0 || !type[0])) {
        return json_string(text);
    }
    chat_text(name, sizeof(name), doc, content, "name");
    snprintf(scratch, size, "(%s%s%s)", type, name[0] ? ": " : "", name);
    return bytes_of(scratch);
}

static void show_member(struct chat *chat, const struct json_doc *doc,
                        const struct json_node *entry)
{
    char action[32];
    char by[CHAT_ID_SIZE];
    char user[CHAT_ID_SIZE];
    const struct json_node *change = json_member(doc, entry, "change");
    chat_text(action, sizeof(action), doc, change, "action");
    chat_text(by, sizeof(by), doc, change, "by");
    chat_text(user, sizeof(user), doc, change, "userId");
    const char *who = chat_name(chat, by);
    const char *whom = strcmp(by, user) == 0 ? "" : chat_name(chat, user);
    chat_say(chat, "%s %s%s%s%s", who[0] ? who : "somebody",
             strcmp(action, "role") == 0 ? "gave a role to" : action, whom[0] ? " " : "", whom,
             strcmp(action, "created") == 0 ? " the group" : "");
}

void chat_show_entry(struct chat *chat, struct room *room, const struct json_doc *doc,
                     const struct json_node *entry)
{
    char kind[32];
    char sender[CHAT_ID_SIZE];
    char scratch[CHAT_NAME_BYTES_MAX + 80];
    chat_text(kind, sizeof(kind), doc, entry, "kind");
    chat_text(sender, sizeof(sender), doc, entry, "senderId");
    if (strcmp(kind, "member") == 0) {
        show_member(chat, doc, entry);
    }
    if (strcmp(kind, "message") != 0) {
        return; /* what edits and reactions did is in the messages already */
    }
    struct bytes text = content_text(doc, entry, scratch, sizeof(scratch));
    int64_t at = chat_integer(doc, entry, "sentAt");
    if (strcmp(sender, chat->user_id) == 0) {
        chat_show_own(chat, room, chat_integer(doc, entry, "seq"), at, text);
        return;
    }
    struct buf line;
    buf_open(&line, CHAT_LINE_BYTES_MAX * 2);
    append_line(chat, &line, at, chat_name(chat, sender), text);
    chat_print(chat, buf_bytes(&line));
    buf_close(&line);
}
