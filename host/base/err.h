/*
 * The codes that calls return when the world is wrong: 0 or one of these,
 * always negative. Codes of outside libraries become ours in the file that
 * called the library, so that no other file needs to know its numbers.
 */
#ifndef HOST_BASE_ERR_H
#define HOST_BASE_ERR_H

#define ERR_LIST(X)                                                                                \
    X(ERR_NOMEM, -1, "out of memory")                                                              \
    X(ERR_FULL, -2, "queue is full")                                                               \
    X(ERR_TOO_LARGE, -3, "over the size limit")                                                    \
    X(ERR_TRUNCATED, -4, "ends too early")                                                         \
    X(ERR_SYNTAX, -5, "not well formed")                                                           \
    X(ERR_DEPTH, -6, "nested too deeply")                                                          \
    X(ERR_UTF8, -7, "not valid UTF-8")                                                             \
    X(ERR_INVALID, -8, "not allowed here")                                                         \
    X(ERR_NOT_FOUND, -9, "not found")                                                              \
    X(ERR_EXISTS, -10, "exists already")                                                           \
    X(ERR_DENIED, -11, "permission denied")                                                        \
    X(ERR_BUSY, -12, "in use by another process")                                                  \
    X(ERR_TIMEOUT, -13, "time ran out")                                                            \
    X(ERR_CANCELLED, -14, "cancelled")                                                             \
    X(ERR_CLOSED, -15, "closed")                                                                   \
    X(ERR_IO, -16, "input or output failed")                                                       \
    X(ERR_DISK_FULL, -17, "no space left on the disk")                                             \
    X(ERR_READ_ONLY, -18, "the disk or file is read-only")                                         \
    X(ERR_CORRUPT, -19, "the file is damaged")                                                     \
    X(ERR_GUARD, -20, "a guard of the batch did not hold")                                         \
    X(ERR_CONSTRAINT, -21, "a database constraint was violated")                                   \
    X(ERR_BUDGET, -22, "over the CPU or memory budget")                                            \
    X(ERR_PLUGIN, -23, "the plugin raised an error")                                               \
    X(ERR_UNAVAILABLE, -24, "not available now")                                                   \
    X(ERR_CRYPTO, -25, "does not verify or decrypt")

enum err {
#define ERR_ENUM(name, value, text) name = (value),
    ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
};

/* Lends the name ("ERR_FULL") or the text of a code, for ever. */
const char *err_name(int err);
const char *err_text(int err);
/* The code for a value of errno; ERR_IO for what has no own code. */
int err_from_errno(int system_errno);

#endif
