/*
 * State by sync.pull, entries by chat.history. Events only ever say that there
 * is something new: what is missing between them is fetched, so that after any
 * drop the screen shows every entry of the current chat once and in order.
 */
#include "host/cli/chat.h"

#include <stdio.h>
#include <string.h>

#define PAGE 200

/* ---- chats ---- */

static void take_room(struct chat *chat, const struct json_doc *doc, const struct json_node *item)
{
    char id[CHAT_ID_SIZE];
    chat_text(id, sizeof(id), doc, item, "chatId");
    struct room *room = chat_room_make(chat, id);
    if (!room) {
        return;
    }
    const struct json_node *left = json_member(doc, item, "left");
    chat_text(room->user_id, sizeof(room->user_id), doc, item, "userId");
    chat_text(room->title, sizeof(room->title), doc, item, "title");
    room->last_seq = chat_integer(doc, item, "lastSeq");
    room->unread = chat_integer(doc, item, "unread");
    room->my_read = chat_integer(doc, item, "myRead");
    room->my_delivered = chat_integer(doc, item, "myDelivered");
    room->peer_read = chat_integer(doc, item, "peerRead");
    room->peer_delivered = chat_integer(doc, item, "peerDelivered");
    room->is_gone = left && left->type != JSON_FALSE && left->type != JSON_NULL;
    if (room->user_id[0]) {
        (void)chat_name(chat, room->user_id); /* wanted from now on */
    }
}

/* After all pages and names: what is new is told, what was missed fetched. */
static void pulled_all(struct chat *chat, const struct answer *answer, const char *subject)
{
    (void)answer;
    (void)subject;
    bool is_first = !chat->has_pulled;
    chat->has_pulled = true;
    if (is_first) {
        chat_say(chat, "you are %s, in %zu chats; /to USER talks to somebody, /help tells more",
                 chat->user, chat->rooms_count);
    }
    for (size_t i = 0; i < chat->rooms_count; i++) {
        struct room *room = &chat->rooms[i];
        bool is_current = strcmp(room->id, chat->current) == 0;
        if (room->unread > 0 && room->last_seq > room->my_delivered) {
            chat_mark(chat, room, room->last_seq, 0);
        }
        if (is_current) {
            chat_catch_up(chat, room);
            chat_show_ticks(chat, room);
        } else if (room->unread > 0 && !is_first && chat->current[0] == '\0') {
            chat_open_room(chat, room);
        } else if (room->unread > 0) {
            chat_tell_unread(chat, room);
        }
    }
    chat_show_prompt(chat);
}

static void pulled(struct chat *chat, const struct answer *answer, const char *subject)
{
    (void)subject;
    chat->is_pulling = false;
    if (!answer->result) {
        if (strcmp(answer->type, "invalid_params") == 0 && chat->cursor[0]) {
            chat->cursor[0] = '\0'; /* the server knows it no more */
            chat_pull(chat);
        }
        return;
    }
    const struct json_node *chats = json_member(answer->doc, answer->result, "chats");
    const struct json_node *more = json_member(answer->doc, answer->result, "more");
    const struct json_node *item = chats ? json_first(answer->doc, chats) : NULL;
    for (; item; item = json_next(answer->doc, chats, item)) {
        take_room(chat, answer->doc, item);
    }
    chat_text(chat->cursor, sizeof(chat->cursor), answer->doc, answer->result, "cursor");
    if (chat->pull_again || (more && more->type == JSON_TRUE)) {
        chat->pull_again = false;
        chat_pull(chat);
        return;
    }
    chat_with_names(chat, pulled_all, "");
}

void chat_pull(struct chat *chat)
{
    struct buf params;
    if (chat->is_pulling) {
        chat->pull_again = true;
        return;
    }
    chat->is_pulling = true;
    chat_params(&params);
    chat_param_integer(&params, "limit", PAGE);
    if (chat->cursor[0]) {
        chat_param(&params, "cursor", chat->cursor);
    }
    chat_call(chat, "sync.pull", chat_params_end(&params), pulled, "");
    buf_close(&params);
}

void chat_tell_unread(struct chat *chat, struct room *room)
{
    if (room->told_seq >= room->last_seq) {
        return;
    }
    room->told_seq = room->last_seq;
    chat_say(chat, "%lld unread in %s; /to %s shows %s", (long long)room->unread,
             chat_room_title(chat, room), chat_room_title(chat, room),
             room->unread == 1 ? "it" : "them");
}

void chat_mark(struct chat *chat, struct room *room, int64_t delivered, int64_t read)
{
    struct buf params;
    bool is_news = delivered > room->my_delivered || read > room->my_read;
    if (!is_news || !chat->is_open) {
        return;
    }
    chat_params(&params);
    chat_param(&params, "chatId", room->id);
    if (delivered > room->my_delivered) {
        chat_param_integer(&params, "delivered", delivered);
        room->my_delivered = delivered;
    }
    if (read > room->my_read) {
        chat_param_integer(&params, "read", read);
        room->my_read = read;
        room->my_delivered = read > room->my_delivered ? read : room->my_delivered;
    }
    chat_notify(chat, "receipts.mark", chat_params_end(&params));
    buf_close(&params);
}

/* ---- entries ---- */

static bool know_all_names(struct chat *chat, const struct json_doc *doc,
                           const struct json_node *entries)
{
    bool known = true;
    const struct json_node *entry = entries ? json_first(doc, entries) : NULL;
    for (; entry; entry = json_next(doc, entries, entry)) {
        known = chat_knows_names(chat, doc, entry) && known;
    }
    return known;
}

static void show_entries(struct chat *chat, struct room *room, const struct json_doc *doc,
                         const struct json_node *entries, bool shows_old)
{
    const struct json_node *entry = entries ? json_first(doc, entries) : NULL;
    for (; entry; entry = json_next(doc, entries, entry)) {
        int64_t seq = chat_integer(doc, entry, "seq");
        if (seq > room->shown_seq || shows_old) {
            chat_show_entry(chat, room, doc, entry);
        }
        room->shown_seq = seq > room->shown_seq ? seq : room->shown_seq;
        room->last_seq = seq > room->last_seq ? seq : room->last_seq;
    }
}

static void fetched(struct chat *chat, const struct answer *answer, const char *subject);

/* subject is 'n' (the newest) or 'a' (after what is shown) and the room's id. */
static void fetch(struct chat *chat, struct room *room, char how)
{
    struct buf params;
    char subject[CHAT_ID_SIZE + 1];
    if (room->is_fetching) {
        room->fetch_again = true;
        return;
    }
    room->is_fetching = true;
    snprintf(subject, sizeof(subject), "%c%s", how, room->id);
    chat_params(&params);
    chat_param(&params, "chatId", room->id);
    if (how == 'a') {
        chat_param_integer(&params, "after", room->shown_seq);
    }
    chat_param_integer(&params, "limit", how == 'a' ? PAGE : CHAT_HISTORY_LINES);
    chat_call(chat, "chat.history", chat_params_end(&params), fetched, subject);
    buf_close(&params);
}

static void fetch_with_names(struct chat *chat, const struct answer *answer, const char *subject)
{
    struct room *room = chat_room(chat, subject + 1);
    if (room && !answer->error[0]) {
        fetch(chat, room, subject[0]);
    } else {
        chat->is_busy = false;
    }
}

static void fetched(struct chat *chat, const struct answer *answer, const char *subject)
{
    struct room *room = chat_room(chat, subject + 1);
    if (!room) {
        return;
    }
    room->is_fetching = false;
    if (!answer->result) {
        room->fetch_again = false;
        chat->is_busy = false;
        if (answer->type[0]) {
            chat_say(chat, "can't read this chat: %s", answer->error);
        }
        return;
    }
    const struct json_node *entries = json_member(answer->doc, answer->result, "entries");
    const struct json_node *more = json_member(answer->doc, answer->result, "more");
    if (!know_all_names(chat, answer->doc, entries)) {
        chat_with_names(chat, fetch_with_names, subject);
        return;
    }
    show_entries(chat, room, answer->doc, entries, false);
    room->has_history = true;
    chat->is_busy = false;
    bool is_current = strcmp(room->id, chat->current) == 0;
    bool has_more = subject[0] == 'a' && more && more->type == JSON_TRUE;
    if (is_current && (has_more || room->fetch_again)) {
        room->fetch_again = false;
        fetch(chat, room, 'a');
    }
    if (is_current) {
        room->unread = 0;
        chat_mark(chat, room, 0, room->shown_seq);
    }
}

void chat_catch_up(struct chat *chat, struct room *room)
{
    if (room->last_seq > room->shown_seq || !room->has_history) {
        fetch(chat, room, room->has_history ? 'a' : 'n');
    }
}

void chat_open_room(struct chat *chat, struct room *room)
{
    bool is_new = strcmp(chat->current, room->id) != 0;
    snprintf(chat->current, sizeof(chat->current), "%s", room->id);
    chat->typist[0] = '\0';
    if (is_new) {
        chat_say(chat, "%s%s", chat_room_title(chat, room), room->user_id[0] ? "" : " (a group)");
    }
    chat_show_prompt(chat);
    if (room->is_fetching || (room->has_history && room->last_seq <= room->shown_seq)) {
        chat->is_busy = false;
    } else {
        chat->is_busy = true;
        chat_catch_up(chat, room);
    }
}

static void history_shown(struct chat *chat, const struct answer *answer, const char *subject)
{
    struct room *room = chat_room(chat, subject);
    chat->is_busy = false;
    if (!room || !answer->result) {
        chat_say(chat, "can't read this chat: %s", answer->error);
        return;
    }
    show_entries(chat, room, answer->doc, json_member(answer->doc, answer->result, "entries"),
                 true);
}

void chat_show_history(struct chat *chat, struct room *room, int64_t count)
{
    struct buf params;
    chat->is_busy = true;
    chat_params(&params);
    chat_param(&params, "chatId", room->id);
    chat_param_integer(&params, "limit", count);
    chat_call(chat, "chat.history", chat_params_end(&params), history_shown, room->id);
    buf_close(&params);
}
