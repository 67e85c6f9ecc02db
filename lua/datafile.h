/*
 * A Lua file that holds data: `listen = "127.0.0.1:8080"`, `limits = { ... }`.
 * It runs in an empty environment, without any function, in bounded time and
 * memory, so it can compute a number and reach nothing.
 */
#ifndef LUA_DATAFILE_H
#define LUA_DATAFILE_H

#include "host/base/bytes.h"

#define DATAFILE_BYTES_MAX (1U << 20)   /* of the text */
#define DATAFILE_MEMORY_MAX (16U << 20) /* of what it makes */
#define DATAFILE_STEPS_MAX 1000000      /* instructions of the virtual machine */
#define DATAFILE_KEYS_MAX 256

struct datafile_key {
    char *name;
    unsigned line; /* where its assignment begins, from 1 */
    unsigned end;  /* where it ends */
};
struct datafile {
    char *name; /* of the file, for messages */
    char *text;
    char *json;                                  /* {"listen":"127.0.0.1:8080",...} */
    struct datafile_key keys[DATAFILE_KEYS_MAX]; /* in the order of their first assignment */
    size_t keys_count;
};

/* 0 and a file to end with datafile_close; or ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_TOO_LARGE,
 * ERR_SYNTAX, ERR_BUDGET (too long, too much memory), ERR_INVALID (no plain data). message says
 * "file:line: why". */
int datafile_open(struct datafile *out, const char *path, char *message, size_t message_size);
/* The same for a text in memory; name stands for the file. */
int datafile_parse(struct datafile *out, const char *name, struct bytes text, char *message,
                   size_t message_size);
void datafile_close(struct datafile *file);
/* The line of a key, or of a member in its table (NULL: the key itself); 0 when there is none. */
unsigned datafile_line(const struct datafile *file, struct bytes key, const char *member);

#endif
