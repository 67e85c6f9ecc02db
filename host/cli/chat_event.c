/* What the server tells by itself. */
#include "host/cli/chat.h"

#include <stdio.h>
#include <string.h>

#define TYPING_MS_MAX 30000

static bool is_current(const struct chat *chat, const struct room *room)
{
    return strcmp(chat->current, room->id) == 0;
}

static void end_typing(struct chat *chat, const char *user_id)
{
    if (strcmp(chat->typist, user_id) == 0) {
        chat->typist[0] = '\0';
        chat_timer_stop(chat->typing_over);
        chat_show_prompt(chat);
    }
}

static void show_next(struct chat *chat, struct room *room, const struct json_node *entry,
                      int64_t seq)
{
    bool is_next = room->has_history && !room->is_fetching && seq == room->shown_seq + 1;
    if (is_next && chat_knows_names(chat, &chat->doc, entry)) {
        chat_show_entry(chat, room, &chat->doc, entry);
        room->shown_seq = seq;
        room->unread = 0;
        chat_mark(chat, room, 0, seq);
    } else if (room->is_fetching) {
        room->fetch_again = true;
    } else {
        chat_catch_up(chat, room);
    }
}

/* An event from one who is new to us: the name first. */
static void named(struct chat *chat, const struct answer *answer, const char *subject)
{
    struct room *room = chat_room(chat, subject);
    (void)answer;
    if (room && !is_current(chat, room)) {
        chat_tell_unread(chat, room);
    }
}

/* The room of an entry that came as an event; NULL when nothing is left to do with it. */
static struct room *take_entry(struct chat *chat, const struct json_node *entry, int64_t *seq)
{
    char id[CHAT_ID_SIZE];
    chat_text(id, sizeof(id), &chat->doc, entry, "chatId");
    struct room *room = chat_room(chat, id);
    *seq = chat_integer(&chat->doc, entry, "seq");
    if (!room) {
        chat_pull(chat); /* a new chat: its state tells the rest */
        return NULL;
    }
    if (*seq <= room->last_seq && *seq <= room->shown_seq) {
        return NULL;
    }
    room->last_seq = *seq > room->last_seq ? *seq : room->last_seq;
    return room;
}

static void on_message(struct chat *chat, const struct json_node *entry)
{
    int64_t seq;
    char sender[CHAT_ID_SIZE];
    struct room *room = take_entry(chat, entry, &seq);
    if (!room) {
        return;
    }
    chat_text(sender, sizeof(sender), &chat->doc, entry, "senderId");
    end_typing(chat, sender);
    if (is_current(chat, room)) {
        show_next(chat, room, entry, seq);
        return;
    }
    if (strcmp(sender, chat->user_id) == 0) {
        return;
    }
    room->unread++;
    chat_mark(chat, room, seq, 0);
    if (chat->current[0] == '\0' && !chat->is_busy) {
        chat_open_room(chat, room);
        return;
    }
    (void)chat_room_title(chat, room);
    chat_with_names(chat, named, room->id);
}

static void on_edited(struct chat *chat, const struct json_node *entry)
{
    char scratch[CHAT_NAME_BYTES_MAX];
    const struct json_node *content = json_member(&chat->doc, entry, "content");
    const struct json_node *text = content ? json_member(&chat->doc, content, "text") : NULL;
    snprintf(scratch, sizeof(scratch), "%.*s",
             text && text->type == JSON_STRING ? (int)text->size : 0,
             text && text->type == JSON_STRING ? text->text : "");
    chat_say(chat, "a message was changed to: %s", scratch);
}

/* Edits, deletions, reactions and what changes in a group. */
static void on_other_entry(struct chat *chat, struct bytes method, const struct json_node *entry)
{
    int64_t seq;
    struct room *room = take_entry(chat, entry, &seq);
    if (bytes_equal_text(method, "group.changed")) {
        chat_pull(chat); /* the title or my place in it may have changed */
    }
    if (!room || !is_current(chat, room)) {
        return;
    }
    bool is_next = seq == room->shown_seq + 1;
    show_next(chat, room, entry, seq);
    if (is_next && bytes_equal_text(method, "chat.edited")) {
        on_edited(chat, entry);
    } else if (is_next && bytes_equal_text(method, "chat.deleted")) {
        chat_say(chat, "a message was deleted");
    } else if (is_next && bytes_equal_text(method, "chat.reaction")) {
        char emoji[64];
        char sender[CHAT_ID_SIZE];
        chat_text(emoji, sizeof(emoji), &chat->doc, entry, "emoji");
        chat_text(sender, sizeof(sender), &chat->doc, entry, "senderId");
        chat_say(chat, "%s reacted: %s", chat_name(chat, sender), emoji);
    }
}

static void on_receipt(struct chat *chat, const struct json_node *params)
{
    char id[CHAT_ID_SIZE];
    char user[CHAT_ID_SIZE];
    chat_text(id, sizeof(id), &chat->doc, params, "chatId");
    chat_text(user, sizeof(user), &chat->doc, params, "userId");
    struct room *room = chat_room(chat, id);
    int64_t delivered = chat_integer(&chat->doc, params, "delivered");
    int64_t read = chat_integer(&chat->doc, params, "read");
    if (!room) {
        return;
    }
    if (strcmp(user, chat->user_id) == 0) {
        room->my_delivered = delivered > room->my_delivered ? delivered : room->my_delivered;
        room->my_read = read > room->my_read ? read : room->my_read;
        room->unread = room->my_read >= room->last_seq ? 0 : room->unread;
    } else if (strcmp(user, room->user_id) == 0) {
        room->peer_delivered = delivered > room->peer_delivered ? delivered : room->peer_delivered;
        room->peer_read = read > room->peer_read ? read : room->peer_read;
        chat_show_ticks(chat, room);
    }
}

void chat_typing_ended(void *ctx)
{
    struct chat *chat = ctx;
    chat->typist[0] = '\0';
    chat_show_prompt(chat);
}

static void on_typing(struct chat *chat, const struct json_node *params)
{
    char id[CHAT_ID_SIZE];
    char user[CHAT_ID_SIZE];
    char state[32];
    chat_text(id, sizeof(id), &chat->doc, params, "chatId");
    chat_text(user, sizeof(user), &chat->doc, params, "userId");
    chat_text(state, sizeof(state), &chat->doc, params, "state");
    if (strcmp(id, chat->current) != 0 || strcmp(user, chat->user_id) == 0) {
        return;
    }
    if (strcmp(state, "idle") == 0) {
        end_typing(chat, user);
        return;
    }
    int64_t ttl = chat_integer(&chat->doc, params, "ttlMs");
    bool is_new = strcmp(chat->typist, user) != 0;
    snprintf(chat->typist, sizeof(chat->typist), "%s", user);
    chat_timer_start(chat->typing_over, ttl > 0 && ttl < TYPING_MS_MAX ? ttl : TYPING_MS_MAX);
    if (is_new && chat->screen && screen_is_terminal(chat->screen)) {
        chat_show_prompt(chat);
    } else if (is_new) {
        const char *name = chat_name(chat, user);
        chat_say(chat, "%s is writing", name[0] ? name : "somebody");
    }
}

static void on_presence(struct chat *chat, const struct json_node *params)
{
    const struct json_node *users = json_member(&chat->doc, params, "users");
    const struct json_node *user = users ? json_first(&chat->doc, users) : NULL;
    for (; user; user = json_next(&chat->doc, users, user)) {
        char id[CHAT_ID_SIZE];
        char status[32];
        chat_text(id, sizeof(id), &chat->doc, user, "userId");
        chat_text(status, sizeof(status), &chat->doc, user, "status");
        const char *name = chat_name(chat, id);
        if (name[0]) {
            chat_say(chat, "%s is %s", name, status);
        }
    }
}

void chat_event(struct chat *chat, struct bytes method, const struct json_node *params)
{
    if (!chat->has_pulled) {
        chat->pull_again = true; /* the state that comes has it, or the next one */
        return;
    }
    if (bytes_equal_text(method, "chat.message")) {
        on_message(chat, params);
    } else if (bytes_equal_text(method, "receipts.update")) {
        on_receipt(chat, params);
    } else if (bytes_equal_text(method, "typing.update")) {
        on_typing(chat, params);
    } else if (bytes_equal_text(method, "presence.update")) {
        on_presence(chat, params);
    } else if (bytes_equal_text(method, "sync.reset")) {
        chat_pull(chat);
    } else if (json_member(&chat->doc, params, "seq")) {
        on_other_entry(chat, method, params);
    }
}
