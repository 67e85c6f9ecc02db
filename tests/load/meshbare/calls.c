#include "tests/load/meshbare/calls.h"

#include "host/base/buf.h"
#include "host/base/clock.h"
#include "host/base/map.h"
#include "host/base/mem.h"
#include "tests/load/wire.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX SERVER_FRAME_MAX
#define MEMBERS_MAX 10000
#define ID_DIGITS 26 /* as host/crypto/random.h, so that frames have the real length */

struct user {
    char id[STORE_ID_MAX];
    struct conn *conn; /* NULL while there is none */
};

/* Who hears of a chat, known from when it was opened in this process. */
struct chat {
    size_t count;
    struct user **members;
};

static struct store *store;
static struct job *turn_first; /* what this loop turn has asked for so far */
static struct job **turn_last = &turn_first;
static struct map *users;
static struct map *chats;
static struct buf text;
static struct buf frame;
static uint64_t ids;

void calls_open(struct store *opened)
{
    store = opened;
    users = map_new(0);
    chats = map_new(0);
    buf_open(&text, ANSWER_BYTES_MAX);
    buf_open(&frame, ANSWER_BYTES_MAX);
    ids = bytes_hash_seed() ^ clock_precise_ns();
}

void calls_close(void)
{
    size_t cursor = 0;
    struct bytes key;
    void *value;
    while (map_next(users, &cursor, &key, &value)) {
        mem_free(value);
    }
    cursor = 0;
    while (map_next(chats, &cursor, &key, &value)) {
        mem_free(((struct chat *)value)->members);
        mem_free(value);
    }
    map_free(users);
    map_free(chats);
    buf_close(&text);
    buf_close(&frame);
}

/* ---- names ---- */

static void copy_id(char out[STORE_ID_MAX], struct bytes id)
{
    size_t len = id.len < STORE_ID_MAX ? id.len : STORE_ID_MAX - 1;
    if (len > 0) {
        memcpy(out, id.data, len);
    }
    out[len] = '\0';
}

static void new_id(char out[STORE_ID_MAX], const char *prefix)
{
    ids += 0x9e3779b97f4a7c15U;
    uint64_t mixed = (ids ^ ids >> 29) * 0xbf58476d1ce4e5b9U;
    snprintf(out, STORE_ID_MAX, "%s%0*llx", prefix, ID_DIGITS, (unsigned long long)mixed);
}

static struct user *user_of(struct bytes id)
{
    struct user *user = map_get(users, id);
    if (user == NULL) {
        user = mem_alloc(sizeof(*user));
        copy_id(user->id, id);
        (void)map_put(users, id, user, NULL);
    }
    return user;
}

static void direct_id(char out[STORE_ID_MAX], const char *a, const char *b)
{
    uint64_t low = bytes_hash(bytes_of(strcmp(a, b) < 0 ? a : b), 1);
    uint64_t high = bytes_hash(bytes_of(strcmp(a, b) < 0 ? b : a), low);
    snprintf(out, STORE_ID_MAX, "d%024llx", (unsigned long long)high);
}

/* ---- out ---- */

/* The text as a frame, lent until the next one. */
static struct bytes framed(void)
{
    char head[WIRE_HEAD_MAX];
    buf_clear(&frame);
    buf_append(&frame, (struct bytes){head, wire_head(head, WIRE_TEXT, text.len, false)});
    buf_append(&frame, buf_bytes(&text));
    return buf_bytes(&frame);
}

static void begin_answer(int64_t call)
{
    buf_clear(&text);
    buf_append_text(&text, "{\"jsonrpc\":\"2.0\",\"id\":");
    buf_append_integer(&text, call);
}

static void answer_error(struct conn *conn, int64_t call, const char *why)
{
    begin_answer(call);
    buf_append_format(&text, ",\"error\":{\"code\":-32603,\"message\":\"%s\"}}", why);
    server_put(conn, framed());
}

static void put_member(const char *name, const char *value)
{
    buf_append_format(&text, "\"%s\":\"%s\",", name, value);
}

static void answer_send(struct conn *conn, const struct job *job)
{
    begin_answer(job->call);
    buf_append_text(&text, ",\"result\":{");
    put_member("chatId", job->chat);
    put_member("messageId", job->message);
    buf_append_format(&text, "\"seq\":%lld,\"sentAt\":%lld,\"duplicate\":false}}",
                      (long long)job->seq, (long long)job->sent_at);
    server_put(conn, framed());
}

static void deliver(const struct chat *chat, const struct job *job)
{
    const struct user *sender = map_get(users, bytes_of(job->user));
    buf_clear(&text);
    buf_append_text(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"chat.message\",\"params\":{");
    put_member("chatId", job->chat);
    put_member("kind", "message");
    put_member("messageId", job->message);
    put_member("senderId", job->user);
    put_member("deviceId", job->user);
    put_member("clientMsgId", job->client);
    put_member("type", "text");
    buf_append_format(&text, "\"seq\":%lld,\"sentAt\":%lld,\"content\":%s}}", (long long)job->seq,
                      (long long)job->sent_at, job->content);
    struct shared *event = server_share(framed());
    for (size_t i = 0; i < chat->count; i++) {
        if (chat->members[i] != sender && chat->members[i]->conn != NULL) {
            server_put_shared(chat->members[i]->conn, event);
        }
    }
    server_release(event);
}

/* ---- after the fsync ---- */

static void join(const struct job *job)
{
    struct chat *chat = map_get(chats, bytes_of(job->chat));
    if (chat == NULL) {
        chat = mem_alloc(sizeof(*chat));
        (void)map_put(chats, bytes_of(job->chat), chat, NULL);
    } else if (job->kind == JOB_CHAT) {
        return; /* was there already */
    }
    size_t count = chat->count + job->members_count;
    chat->members = mem_realloc(chat->members, count * sizeof(struct user *));
    for (size_t i = 0; i < job->members_count; i++) {
        chat->members[chat->count++] = user_of(bytes_of(job->members[i]));
    }
}

static void finish(const struct job *job)
{
    struct conn *conn = server_find(job->conn, job->birth);
    if (job->err == 0 && job->kind != JOB_SEND) {
        join(job);
    }
    const struct chat *chat = map_get(chats, bytes_of(job->chat));
    if (conn != NULL && (job->err != 0 || chat == NULL)) {
        answer_error(conn, job->call, "it was not written");
    } else if (conn != NULL && job->kind == JOB_SEND) {
        answer_send(conn, job);
    } else if (conn != NULL) {
        begin_answer(job->call);
        buf_append_format(&text, ",\"result\":{\"chatId\":\"%s\"}}", job->chat);
        server_put(conn, framed());
    }
    if (chat != NULL && job->err == 0 && job->kind == JOB_SEND) {
        deliver(chat, job);
    }
}

void calls_on_done(int fd)
{
    uint64_t rings;
    if (read(fd, &rings, sizeof(rings)) < 0) {
        return;
    }
    struct job *job = store_finished(store);
    while (job != NULL) {
        struct job *next = job->next;
        finish(job);
        job_free(job);
        job = next;
    }
}

/* ---- the calls ---- */

struct call {
    struct conn *conn;
    struct bytes json;
    int64_t id;
};

static void add(struct job *job)
{
    *turn_last = job;
    turn_last = &job->next;
}

void calls_on_turn(void)
{
    if (turn_first != NULL) {
        store_push(store, turn_first);
        turn_first = NULL;
        turn_last = &turn_first;
    }
}

static struct job *job_of(const struct call *call, enum job_kind kind)
{
    struct job *job = job_new(kind);
    job->conn = (uint32_t)call->conn->fd;
    job->birth = call->conn->birth;
    job->call = call->id;
    snprintf(job->user, sizeof(job->user), "%s", call->conn->user->id);
    return job;
}

static void chat_send(const struct call *call)
{
    struct job *job = job_of(call, JOB_SEND);
    struct bytes words = wire_string(call->json, "text");
    size_t size = words.len + sizeof("{'text':''}");
    copy_id(job->chat, wire_string(call->json, "chatId"));
    copy_id(job->client, wire_string(call->json, "clientMsgId"));
    new_id(job->message, "m");
    job->content = mem_alloc(size);
    snprintf(job->content, size, "{\"text\":\"%.*s\"}", (int)words.len, words.data);
    add(job);
}

static void chat_open(const struct call *call)
{
    struct job *job = job_of(call, JOB_CHAT);
    job->is_direct = true;
    job->members = mem_alloc_array(2, STORE_ID_MAX);
    job->members_count = 2;
    copy_id(job->members[0], bytes_of(call->conn->user->id));
    copy_id(job->members[1], wire_string(call->json, "userId"));
    direct_id(job->chat, job->members[0], job->members[1]);
    add(job);
}

/* Reads the list of strings of this name behind the members that are there already. */
static void take_members(struct job *job, struct bytes json, const char *name)
{
    const char *end = json.data + json.len;
    const char *at = memmem(json.data, json.len, name, strlen(name));
    job->members = mem_realloc(job->members, MEMBERS_MAX * sizeof(job->members[0]));
    at = at == NULL ? NULL : memchr(at, '[', (size_t)(end - at));
    while (at != NULL && at + 1 < end && at[1] == '"' && job->members_count < MEMBERS_MAX) {
        const char *from = at + 2;
        const char *to = memchr(from, '"', (size_t)(end - from));
        if (to == NULL) {
            return;
        }
        copy_id(job->members[job->members_count++], (struct bytes){from, (size_t)(to - from)});
        at = to + 1 < end && to[1] == ',' ? to + 1 : NULL;
    }
}

static void group_create(const struct call *call)
{
    struct job *job = job_of(call, JOB_CHAT);
    new_id(job->chat, "g");
    job->members = mem_alloc_array(1, STORE_ID_MAX);
    job->members_count = 1;
    copy_id(job->members[0], bytes_of(call->conn->user->id));
    add(job);
}

static void group_add(const struct call *call)
{
    struct job *job = job_of(call, JOB_MEMBERS);
    copy_id(job->chat, wire_string(call->json, "chatId"));
    take_members(job, call->json, "\"userIds\"");
    add(job);
}

/* Whose token it is follows from the token, so that nothing has to be kept. */
static void user_register(const struct call *call)
{
    struct bytes name = wire_string(call->json, "username");
    char id[STORE_ID_MAX];
    snprintf(id, sizeof(id), "u_%.*s%0*d", (int)(name.len < 16 ? name.len : 16), name.data,
             ID_DIGITS - (int)(name.len < 16 ? name.len : 16), 0);
    begin_answer(call->id);
    buf_append_format(&text,
                      ",\"result\":{\"userId\":\"%s\",\"accessToken\":\"%s\",\"expiresIn\":86400}}",
                      id, id);
    server_put(call->conn, framed());
}

static void session_open(const struct call *call)
{
    struct bytes id = wire_string(call->json, "token");
    call->conn->user = user_of(id);
    call->conn->user->conn = call->conn;
    begin_answer(call->id);
    buf_append_format(&text, ",\"result\":{\"userId\":\"%.*s\"}}", (int)id.len, id.data);
    server_put(call->conn, framed());
}

void calls_on_close(struct conn *conn)
{
    if (conn->user != NULL && conn->user->conn == conn) {
        conn->user->conn = NULL;
    }
}

static const struct {
    const char *name;
    void (*run)(const struct call *call);
    bool needs_user;
} methods[] = {
    {"chat.send", chat_send, true},        {"chat.open", chat_open, true},
    {"group.create", group_create, true},  {"group.add", group_add, true},
    {"session.open", session_open, false}, {"user.register", user_register, false},
};

void calls_on_message(struct conn *conn, struct bytes json)
{
    struct call call = {.conn = conn, .json = json, .id = wire_integer(json, "id")};
    struct bytes name = wire_string(json, "method");
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (!bytes_equal_text(name, methods[i].name)) {
            continue;
        }
        if (methods[i].needs_user && conn->user == NULL) {
            break;
        }
        methods[i].run(&call);
        return;
    }
    answer_error(conn, call.id, "no such method, or no session");
}
