/*
 * The two that are compared: the server and the bare limit. Each has its
 * program, its data folder, its accounts, and at times a running process.
 */
#ifndef TESTS_LOAD_MESHLOAD_SIDE_H
#define TESTS_LOAD_MESHLOAD_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SIDE_PATH_MAX 1024
#define SIDE_READY_MS_MAX 60000
#define SIDE_STOP_MS_MAX 20000

#define ACCOUNT_ID_MAX 64
#define ACCOUNT_TOKEN_MAX 256

struct account {
    char user[ACCOUNT_ID_MAX];
    char token[ACCOUNT_TOKEN_MAX];
};

struct side {
    const char *name; /* "server" or "bare" */
    bool is_bare;
    const char *program;
    const char *filler; /* the bare program, which can fill a folder */
    const char *schema; /* the chat plugin's tables */
    char folder[SIDE_PATH_MAX];
    struct account *accounts;
    size_t accounts_count;
    bool is_preparing; /* it may use all cores: nothing is measured */
    pid_t pid;         /* 0 while nothing runs */
    uint16_t port;
};

/* Starts the program on a free port and waits until it is ready. 0, or -1 after saying why. */
int side_start(struct side *side);
/* Asks it to end, and insists after SIDE_STOP_MS_MAX. */
void side_stop(struct side *side);
/* Ends it as a loss of power would. */
void side_kill(struct side *side);

/* Runs a program to its end; its exit status, or -1. */
int side_run(const char *const *arguments);
/* The same, without waiting; -1 on failure. */
pid_t side_spawn(const char *const *arguments);

/* Puts so many more messages into the folder of a side that does not run. 0 or -1. */
int side_fill(const struct side *side, int64_t messages);

#endif
