/*
 * One event, one line: readable when standard error is a terminal, a JSON
 * object otherwise. No message content, password or token is ever logged.
 *
 *     LOG(LOG_WARN, "storage", "the disk is full", LOG_TEXT("file", path),
 *         LOG_INT("free_bytes", n));
 */
#ifndef HOST_BASE_LOG_H
#define HOST_BASE_LOG_H

#include "host/base/bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    bool is_text;
    int64_t integer;
    struct bytes text;
};
#define LOG_TEXT(field_name, value) ((struct log_field){(field_name), true, 0, bytes_of(value)})
#define LOG_BYTES(field_name, value) ((struct log_field){(field_name), true, 0, (value)})
#define LOG_INT(field_name, value)                                                                 \
    ((struct log_field){(field_name), false, (int64_t)(value), {NULL, 0}})

/* The macro counts the fields; there may be none. */
#define LOG(level, area, message, ...)                                                             \
    log_write((level), (area), (message), (const struct log_field[]){{0}, ##__VA_ARGS__},          \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field))

/* fields[0] is a filler. Any thread. Control characters are escaped. */
void log_write(enum log_level level, const char *area, const char *message,
               const struct log_field *fields, size_t count);
void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Also hands each formatted line to sink (its level, area and the line without newline), on the
 * thread that logs; NULL ends it. */
typedef void (*log_sink)(void *ctx, enum log_level level, const char *area, struct bytes line);
void log_set_sink(log_sink sink, void *ctx);
/* Lines go to this descriptor instead of 2, in the format asked for. */
void log_set_output(int fd, bool as_json);

#endif
