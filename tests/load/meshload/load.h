/*
 * Many clients of one server in one thread: epoll, own framing, loopback. A
 * scenario opens a load, makes its calls, and is told of every text that comes
 * back.
 */
#ifndef TESTS_LOAD_MESHLOAD_LOAD_H
#define TESTS_LOAD_MESHLOAD_LOAD_H

#include "host/base/bytes.h"
#include "tests/load/meshload/side.h"

#define LOAD_OPENING_MAX 256 /* connections being opened at a time */
#define LOAD_PARAMS_MAX 32768
#define LOAD_FRAME_MAX (256U << 10)
#define LOAD_STUCK_MS_MAX 60000 /* without any progress */
#define LOAD_CALL_FIRST 16      /* smaller numbers are the load's own calls */

enum client_state {
    CLIENT_CONNECTING,
    CLIENT_UPGRADING,
    CLIENT_OPENING,
    CLIENT_READY,
    CLIENT_DEAD
};

struct client {
    int fd;
    uint32_t index;
    enum client_state state;
    uint32_t held_bytes;
    char *held; /* the begin of a frame, while the rest is on its way */
    const struct account *account;
    /* the scenario's own */
    uint64_t sent_ns;
    char chat[ACCOUNT_ID_MAX];
};

struct load;
/* Lent for the call. */
typedef void (*load_on_text)(struct load *load, struct client *client, struct bytes text);

struct load {
    struct side *side;
    int epoll;
    struct client *clients;
    size_t count;
    size_t started;
    size_t ready;
    size_t dead;
    bool authenticates;
    load_on_text on_text;
    void *scenario;
    size_t waiting; /* see load_await */
    size_t errors;  /* answers that were errors, counted by load_is_good */
};

/* Opens so many connections, each with a session of an account of its own, or without a session
 * and accounts. 0, or -1 after saying why; close it in both cases. */
int load_open(struct load *load, struct side *side, size_t count, bool authenticates);
void load_close(struct load *load);

/* Waits at most so long for something to come, and handles it. */
void load_turn(struct load *load, int64_t wait_ns);
/* Turns until what the scenario waits for is 0. 0, or -1 after saying why not. */
int load_await(struct load *load, const char *what);
/* Turns for so long. */
void load_rest(struct load *load, int64_t ms);

/* Sends a call; params is a JSON object. */
void load_call(struct load *load, struct client *client, int64_t id, const char *method,
               const char *params);
/* Holds back what a client sends until it is uncorked, so that it arrives together. */
void load_cork(struct client *client, bool is_corked);
/* Whether a text is an answer and no event. */
bool load_is_answer(struct bytes text);
/* Whether an answer is a result; an error is counted, and the first one printed. */
bool load_is_good(struct load *load, struct bytes answer);

#endif
