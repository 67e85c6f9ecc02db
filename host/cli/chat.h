/*
 * The terminal client's parts and what they share.
 *
 *     chat.c        begins and ends, reads the keyboard
 *     chat_call.c   JSON-RPC: calls, answers, events by name
 *     chat_login.c  refresh -> password -> register -> session.open
 *     chat_rooms.c  the chats and the names of people
 *     chat_sync.c   sync.pull, chat.history, gaps
 *     chat_entry.c  how an entry of the log looks, and the ticks
 *     chat_send.c   own messages until they are acknowledged
 *     chat_event.c  what the server tells
 *     chat_input.c  the commands that one types
 */
#ifndef HOST_CLI_CHAT_H
#define HOST_CLI_CHAT_H

#include "host/base/json.h"
#include "host/cli/chat_link.h"
#include "host/cli/chat_profile.h"
#include "host/cli/chat_screen.h"
#include "host/cli/terminal.h"

#define CHAT_ID_SIZE 65 /* of the contract's identifiers, with a NUL */
#define CHAT_NAME_BYTES_MAX 256
#define CHAT_CALLS_MAX 64     /* waiting for answers */
#define CHAT_ROOMS_MAX 10000  /* kept */
#define CHAT_PEOPLE_MAX 20000 /* kept */
#define CHAT_WANTED_MAX 200   /* names to ask for at once */
#define CHAT_OUTGOING_MAX 256 /* own messages not yet acknowledged */
#define CHAT_PARAMS_BYTES_MAX 262144
#define CHAT_LINE_BYTES_MAX 65536
#define CHAT_HISTORY_LINES 20 /* shown of a chat that is opened */

struct chat;

struct room {
    char id[CHAT_ID_SIZE];
    char user_id[CHAT_ID_SIZE]; /* the other of a direct chat, else "" */
    char title[CHAT_NAME_BYTES_MAX];
    int64_t last_seq;
    int64_t unread;
    int64_t my_read;
    int64_t my_delivered;
    int64_t peer_read; /* of a direct chat */
    int64_t peer_delivered;
    int64_t shown_seq; /* entries up to here were printed or passed over */
    int64_t told_seq;  /* its notice was printed up to here */
    int64_t own_seq;   /* the newest message sent here and acknowledged */
    int own_ticks;     /* printed for it; see chat_entry.c */
    int64_t updated_at;
    bool has_history; /* chat_open_room printed some */
    bool is_fetching; /* chat.history is under way */
    bool fetch_again; /* something came meanwhile */
    bool is_gone;     /* left or removed */
};

struct person {
    char id[CHAT_ID_SIZE];
    char name[CHAT_NAME_BYTES_MAX];
};

/* result is NULL when the connection went or the call failed; then error is the text to show (of
 * type, "" when it is the connection). Lent during the call. */
struct answer {
    const struct json_doc *doc;
    const struct json_node *result;
    const char *type;
    const char *error;
    void (*then)(struct chat *chat, const struct answer *answer, const char *subject);
};
typedef void (*chat_done)(struct chat *chat, const struct answer *answer, const char *subject);

struct call {
    int64_t id; /* 0: free */
    chat_done done;
    chat_done then;                    /* done finds it in its answer */
    char subject[CHAT_NAME_BYTES_MAX]; /* the caller's: what it was about */
};

enum login_step { LOGIN_REFRESH, LOGIN_PASSWORD, LOGIN_REGISTER, LOGIN_TOKEN };

/* What the main loop must ask a person while no connection waits. */
enum chat_wish { WISH_NONE, WISH_PASSWORD, WISH_REGISTER };

struct outgoing_message {
    struct outgoing_message *next;
    char client_id[CHAT_ID_SIZE];
    char room_id[CHAT_ID_SIZE];
    char *text;
    bool was_told; /* that it waits */
};

struct chat {
    struct chat_link *link;
    struct chat_link_address address;
    struct screen *screen; /* NULL before the first login */
    struct json_doc doc;   /* of the message being handled */
    const char *user;
    struct profile profile;
    char password[SECRET_BYTES_MAX];
    bool asks; /* somebody sits at the terminal */
    enum login_step step;
    enum chat_wish wish;
    char access_token[PROFILE_TEXT_MAX * 2];
    char user_id[CHAT_ID_SIZE];
    bool is_open; /* session.open was answered on this connection */
    bool was_open;
    bool is_over; /* end the program */
    int status;
    unsigned failures; /* connections in a row */
    int64_t next_call;
    struct call calls[CHAT_CALLS_MAX];
    struct chat_timer *reconnect;
    struct chat_timer *typing_over;
    struct chat_timer *resend;

    struct room *rooms;
    size_t rooms_count;
    struct person *people;
    size_t people_count;
    char wanted[CHAT_WANTED_MAX][CHAT_ID_SIZE]; /* ids without a name */
    size_t wanted_count;
    char cursor[1024]; /* of sync.pull */
    bool is_pulling;
    bool pull_again;
    bool has_pulled;
    char current[CHAT_ID_SIZE]; /* the chat one writes to, or "" */
    char typist[CHAT_ID_SIZE];  /* who writes in it, or "" */
    int64_t typing_sent_ms;

    struct outgoing_message *outgoing; /* the oldest first */
    size_t outgoing_count;
    int64_t last_own_seq; /* of the line printed last; 0 when that is another's */
    char last_own_line[CHAT_LINE_BYTES_MAX]; /* without its tick */

    bool is_busy; /* a command waits for the server: later lines wait */
    char group_title[CHAT_NAME_BYTES_MAX];
    char group_names[32][CHAT_NAME_BYTES_MAX]; /* /group: those still to be looked up */
    size_t group_names_count;
    char group_ids[32][CHAT_ID_SIZE];
    size_t group_ids_count;
};

/* ---- chat.c ---- */

/* A line of ours ("-- ..."); what comes from others in it is escaped. */
__attribute__((format(printf, 2, 3))) void chat_say(struct chat *chat, const char *format, ...);
/* Ends the program after telling why; "" for no reason. */
void chat_end(struct chat *chat, int status, const char *why);
/* Prints one line; colours of our own are allowed in it. */
void chat_print(struct chat *chat, struct bytes line);
void chat_show_prompt(struct chat *chat);

/* ---- chat_call.c ---- */

/* params is a JSON object's text. done is always called, once, and at once only when there is no
 * connection; it may be NULL. */
void chat_call(struct chat *chat, const char *method, struct bytes params, chat_done done,
               const char *subject);
void chat_call_then(struct chat *chat, const char *method, struct bytes params, chat_done done,
                    chat_done then, const char *subject);
void chat_notify(struct chat *chat, const char *method, struct bytes params);
/* The connection went: every call is done. */
void chat_calls_lost(struct chat *chat);
void chat_receive(struct chat *chat, struct bytes text);

/* Copies a member's text, "" when it is none. True when it fits. */
bool chat_text(char *out, size_t size, const struct json_doc *doc, const struct json_node *object,
               const char *name);
int64_t chat_integer(const struct json_doc *doc, const struct json_node *object, const char *name);
/* Begins an object, and adds members to it. */
void chat_params(struct buf *out);
void chat_param(struct buf *out, const char *name, const char *value);
void chat_param_integer(struct buf *out, const char *name, int64_t value);
struct bytes chat_params_end(struct buf *out);

/* ---- chat_login.c ---- */

void chat_login_begin(struct chat *chat);

/* ---- chat_rooms.c ---- */

struct room *chat_room(struct chat *chat, const char *id);
/* The room of this id, made when there is none; NULL when there are too many. */
struct room *chat_room_make(struct chat *chat, const char *id);
/* By its title or the other one's name. */
struct room *chat_room_named(struct chat *chat, struct bytes name);
const char *chat_room_title(struct chat *chat, const struct room *room);
/* The name to show, "" when it is not known: then it is wanted. */
const char *chat_name(struct chat *chat, const char *user_id);
void chat_learn(struct chat *chat, const char *user_id, const char *name);
/* Asks for the wanted names, then goes on, at once when none is wanted; with an error in the
 * answer when the names could not be had. */
void chat_with_names(struct chat *chat, chat_done then, const char *subject);
void chat_rooms_free(struct chat *chat);

/* ---- chat_sync.c ---- */

void chat_pull(struct chat *chat);
/* Makes it the current one and shows its end. */
void chat_open_room(struct chat *chat, struct room *room);
/* Prints what is new in the current chat, and marks it read. */
void chat_catch_up(struct chat *chat, struct room *room);
/* Prints the last `count` entries again. */
void chat_show_history(struct chat *chat, struct room *room, int64_t count);
/* Raises the marks, which only ever grow; 0 leaves one as it is. */
void chat_mark(struct chat *chat, struct room *room, int64_t delivered, int64_t read);
void chat_tell_unread(struct chat *chat, struct room *room);

/* ---- chat_entry.c ---- */

/* Prints an entry of the log; asks for the names it needs and says false while they are unknown. */
bool chat_knows_names(struct chat *chat, const struct json_doc *doc, const struct json_node *entry);
void chat_show_entry(struct chat *chat, struct room *room, const struct json_doc *doc,
                     const struct json_node *entry);
/* A message of one's own, with its tick. */
void chat_show_own(struct chat *chat, struct room *room, int64_t seq, int64_t sent_at,
                   struct bytes text);
/* The other side's marks changed. */
void chat_show_ticks(struct chat *chat, struct room *room);

/* ---- chat_send.c ---- */

void chat_send_text(struct chat *chat, struct room *room, struct bytes text);
void chat_resend(struct chat *chat);
void chat_resend_later(void *ctx);
void chat_send_free(struct chat *chat);

/* ---- chat_event.c ---- */

void chat_event(struct chat *chat, struct bytes method, const struct json_node *params);
void chat_typing_ended(void *ctx);

/* ---- chat_input.c ---- */

void chat_input(struct chat *chat, struct bytes line);
void chat_edited(struct chat *chat, bool is_empty);

#endif
