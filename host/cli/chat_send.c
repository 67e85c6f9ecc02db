/*
 * Own messages stay here until the server has them on its disk. Whatever
 * happens to the connection they are sent again with the same clientMsgId, so
 * each is in the log once.
 */
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/cli/chat.h"
#include "host/crypto/random.h"

#include <stdio.h>
#include <string.h>

#define RESEND_MS 2000 /* after an answer that promises better times */

static void sent(struct chat *chat, const struct answer *answer, const char *subject);

static void send_one(struct chat *chat, const struct outgoing_message *message)
{
    struct buf params;
    chat_params(&params);
    chat_param(&params, "chatId", message->room_id);
    chat_param(&params, "clientMsgId", message->client_id);
    chat_param(&params, "type", "text");
    buf_append_text(&params, ",\"content\":{\"text\":");
    json_write_string(&params, bytes_of(message->text));
    buf_append_char(&params, '}');
    chat_call(chat, "chat.send", chat_params_end(&params), sent, message->client_id);
    buf_close(&params);
}

static struct outgoing_message **find(struct chat *chat, const char *client_id)
{
    struct outgoing_message **link = &chat->outgoing;
    while (*link && strcmp((*link)->client_id, client_id) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static void forget(struct chat *chat, struct outgoing_message **link)
{
    struct outgoing_message *message = *link;
    *link = message->next;
    chat->outgoing_count--;
    mem_free(message->text);
    mem_free(message);
}

/* In the current chat it is shown in its turn: after what has a smaller seq. */
static void acknowledged(struct chat *chat, const struct outgoing_message *message, int64_t seq,
                         int64_t sent_at)
{
    struct room *room = chat_room(chat, message->room_id);
    if (!room) {
        return;
    }
    room->last_seq = seq > room->last_seq ? seq : room->last_seq;
    if (strcmp(chat->current, room->id) != 0 || seq <= room->shown_seq) {
        return;
    }
    if (seq == room->shown_seq + 1 && !room->is_fetching) {
        room->shown_seq = seq;
        room->has_history = true;
        chat_show_own(chat, room, seq, sent_at, bytes_of(message->text));
    } else {
        chat_catch_up(chat, room);
    }
}

static bool is_passing(const char *type)
{
    static const char *const passing[] = {
        "",         "timeout",         "rate_limited", "unavailable",
        "internal", "unauthenticated", "plugin_error"};
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (strcmp(type, passing[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void sent(struct chat *chat, const struct answer *answer, const char *subject)
{
    struct outgoing_message **link = find(chat, subject);
    if (!*link) {
        return;
    }
    if (answer->result) {
        acknowledged(chat, *link, chat_integer(answer->doc, answer->result, "seq"),
                     chat_integer(answer->doc, answer->result, "sentAt"));
        forget(chat, link);
    } else if (!is_passing(answer->type)) {
        chat_say(chat, "not sent (%s): %s", answer->error, (*link)->text);
        forget(chat, link);
    } else {
        if (!(*link)->was_told) {
            (*link)->was_told = true;
            chat_say(chat, "it waits and will be sent: %s", (*link)->text);
        }
        chat_timer_start(chat->resend, RESEND_MS);
    }
}

void chat_send_text(struct chat *chat, struct room *room, struct bytes text)
{
    if (chat->outgoing_count == CHAT_OUTGOING_MAX) {
        chat_say(chat, "not sent: %d messages wait already", CHAT_OUTGOING_MAX);
        return;
    }
    struct outgoing_message *message = mem_alloc(sizeof(*message));
    char id[CRYPTO_ID_SIZE];
    crypto_id(id, "t_");
    snprintf(message->client_id, sizeof(message->client_id), "%s", id);
    snprintf(message->room_id, sizeof(message->room_id), "%s", room->id);
    message->text = mem_copy_text(text.data, text.len);
    *find(chat, "") = message; /* no id is empty: the end of the list */
    chat->outgoing_count++;
    chat->typing_sent_ms = 0;
    send_one(chat, message);
}

void chat_resend(struct chat *chat)
{
    char ids[CHAT_OUTGOING_MAX][CHAT_ID_SIZE];
    size_t count = 0;
    for (const struct outgoing_message *m = chat->outgoing; m; m = m->next) {
        snprintf(ids[count++], CHAT_ID_SIZE, "%s", m->client_id);
    }
    for (size_t i = 0; i < count && i < CHAT_CALLS_MAX / 2; i++) {
        const struct outgoing_message *message = *find(chat, ids[i]);
        if (message && chat->is_open) {
            send_one(chat, message);
        }
    }
    if (count > CHAT_CALLS_MAX / 2) {
        chat_timer_start(chat->resend, RESEND_MS);
    }
}

void chat_resend_later(void *ctx)
{
    struct chat *chat = ctx;
    if (chat->is_open) {
        chat_resend(chat);
    }
}

void chat_send_free(struct chat *chat)
{
    while (chat->outgoing) {
        forget(chat, &chat->outgoing);
    }
}
