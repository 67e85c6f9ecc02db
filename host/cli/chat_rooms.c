/* The chats one is in, and the names of the people there. */
#include "host/base/mem.h"
#include "host/cli/chat.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define UNKNOWN "(unknown)"

struct room *chat_room(struct chat *chat, const char *id)
{
    for (size_t i = 0; i < chat->rooms_count && id[0]; i++) {
        if (strcmp(chat->rooms[i].id, id) == 0) {
            return &chat->rooms[i];
        }
    }
    return NULL;
}

struct room *chat_room_make(struct chat *chat, const char *id)
{
    struct room *room = chat_room(chat, id);
    if (room || chat->rooms_count == CHAT_ROOMS_MAX || !id[0]) {
        return room;
    }
    chat->rooms = mem_realloc(chat->rooms, (chat->rooms_count + 1) * sizeof(*chat->rooms));
    room = &chat->rooms[chat->rooms_count++];
    memset(room, 0, sizeof(*room));
    snprintf(room->id, sizeof(room->id), "%s", id);
    return room;
}

static bool same_name(const char *a, struct bytes b)
{
    return strlen(a) == b.len && strncasecmp(a, b.data, b.len) == 0;
}

struct room *chat_room_named(struct chat *chat, struct bytes name)
{
    for (size_t i = 0; i < chat->rooms_count; i++) {
        struct room *room = &chat->rooms[i];
        if (!room->is_gone && same_name(chat_room_title(chat, room), name)) {
            return room;
        }
    }
    return NULL;
}

static struct person *find_person(struct chat *chat, const char *user_id)
{
    for (size_t i = 0; i < chat->people_count; i++) {
        if (strcmp(chat->people[i].id, user_id) == 0) {
            return &chat->people[i];
        }
    }
    return NULL;
}

static void want(struct chat *chat, const char *user_id)
{
    for (size_t i = 0; i < chat->wanted_count; i++) {
        if (strcmp(chat->wanted[i], user_id) == 0) {
            return;
        }
    }
    if (chat->wanted_count < CHAT_WANTED_MAX && user_id[0]) {
        snprintf(chat->wanted[chat->wanted_count++], CHAT_ID_SIZE, "%s", user_id);
    }
}

const char *chat_name(struct chat *chat, const char *user_id)
{
    const struct person *person = find_person(chat, user_id);
    if (!person) {
        want(chat, user_id);
    }
    return person ? person->name : "";
}

const char *chat_room_title(struct chat *chat, const struct room *room)
{
    if (room->user_id[0] == '\0') {
        return room->title[0] ? room->title : "group";
    }
    return strcmp(room->user_id, chat->user_id) == 0 ? "notes" : chat_name(chat, room->user_id);
}

void chat_learn(struct chat *chat, const char *user_id, const char *name)
{
    struct person *person = find_person(chat, user_id);
    if (!person) {
        if (chat->people_count == CHAT_PEOPLE_MAX || !user_id[0]) {
            return;
        }
        chat->people = mem_realloc(chat->people, (chat->people_count + 1) * sizeof(*chat->people));
        person = &chat->people[chat->people_count++];
        snprintf(person->id, sizeof(person->id), "%s", user_id);
    }
    snprintf(person->name, sizeof(person->name), "%s", name);
}

static void names_done(struct chat *chat, const struct answer *answer, const char *subject)
{
    const struct json_node *users =
        answer->result ? json_member(answer->doc, answer->result, "users") : NULL;
    const struct json_node *user = users ? json_first(answer->doc, users) : NULL;
    for (; user; user = json_next(answer->doc, users, user)) {
        char id[CHAT_ID_SIZE];
        char name[CHAT_NAME_BYTES_MAX];
        chat_text(id, sizeof(id), answer->doc, user, "userId");
        chat_text(name, sizeof(name), answer->doc, user, "username");
        chat_learn(chat, id, name[0] ? name : UNKNOWN);
    }
    /* Who is left out is erased: asking again would not end. */
    for (size_t i = 0; answer->result && i < chat->wanted_count; i++) {
        if (!find_person(chat, chat->wanted[i])) {
            chat_learn(chat, chat->wanted[i], UNKNOWN);
        }
    }
    chat->wanted_count = 0;
    answer->then(chat, answer, subject);
}

void chat_with_names(struct chat *chat, chat_done then, const char *subject)
{
    struct buf params;
    if (chat->wanted_count == 0) {
        then(chat, &(struct answer){.type = "", .error = ""}, subject);
        return;
    }
    chat_params(&params);
    buf_append_text(&params, "\"userIds\":[");
    for (size_t i = 0; i < chat->wanted_count; i++) {
        buf_append_text(&params, i ? "," : "");
        json_write_string(&params, bytes_of(chat->wanted[i]));
    }
    buf_append_char(&params, ']');
    chat_call_then(chat, "user.get", chat_params_end(&params), names_done, then, subject);
    buf_close(&params);
}

void chat_rooms_free(struct chat *chat)
{
    mem_free(chat->rooms);
    mem_free(chat->people);
}
