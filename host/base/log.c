#include "host/base/log.h"

#include "host/base/buf.h"
#include "host/base/clock.h"
#include "host/base/json.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 16384
#define AREA_BYTES_MAX 64
#define FIELD_BYTES_MAX 2048 /* times 6 when all is escaped, and the head still fits */
#define LINE_END_BYTES 2
#define AREA_WIDTH 7 /* so that messages stand in a column */

static const struct {
    const char *name;
    const char *label;
    const char *colour;
} levels[] = {
    [LOG_DEBUG] = {"debug", "DEBUG", "\033[2m"},
    [LOG_INFO] = {"info", "INFO ", "\033[32m"},
    [LOG_WARN] = {"warn", "WARN ", "\033[33m"},
    [LOG_ERROR] = {"error", "ERROR", "\033[31m"},
};

enum log_format { FORMAT_UNKNOWN, FORMAT_TEXT, FORMAT_COLOUR, FORMAT_JSON };

static atomic_int least_level = LOG_INFO;
static pthread_mutex_t output_lock = PTHREAD_MUTEX_INITIALIZER;
/* Under output_lock. */
static int output_fd = STDERR_FILENO;
static enum log_format output_format = FORMAT_UNKNOWN;
static log_sink sink_call;
static void *sink_ctx;
/* A sink that logs would wait for its own lock. */
static _Thread_local bool inside_sink;

void log_set_level(enum log_level level)
{
    atomic_store(&least_level, (int)level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&least_level, memory_order_relaxed);
}

void log_set_sink(log_sink sink, void *ctx)
{
    pthread_mutex_lock(&output_lock);
    sink_call = sink;
    sink_ctx = ctx;
    pthread_mutex_unlock(&output_lock);
}

void log_set_output(int fd, bool as_json)
{
    pthread_mutex_lock(&output_lock);
    output_fd = fd;
    output_format = as_json ? FORMAT_JSON : isatty(fd) ? FORMAT_COLOUR : FORMAT_TEXT;
    pthread_mutex_unlock(&output_lock);
}

struct event {
    enum log_level level;
    const char *area;
    const char *message;
    const struct log_field *fields;
    size_t count;
    struct tm now; /* UTC */
    unsigned ms;
};

static struct bytes cut(struct bytes text, size_t len_max)
{
    return (struct bytes){text.data, text.len < len_max ? text.len : len_max};
}

static void json_field(struct buf *out, const struct log_field *field)
{
    buf_append_char(out, ',');
    json_write_string(out, bytes_of(field->name));
    buf_append_char(out, ':');
    if (field->is_text) {
        json_write_string(out, cut(field->text, FIELD_BYTES_MAX));
    } else {
        buf_append_integer(out, field->integer);
    }
}

static void json_head(struct buf *out, const struct event *event)
{
    const struct tm *now = &event->now;
    buf_append_format(out, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03uZ\",\"level\":\"%s\"",
                      now->tm_year + 1900, now->tm_mon + 1, now->tm_mday, now->tm_hour, now->tm_min,
                      now->tm_sec, event->ms, levels[event->level].name);
    buf_append_text(out, ",\"area\":");
    json_write_string(out, cut(bytes_of(event->area), AREA_BYTES_MAX));
    buf_append_text(out, ",\"message\":");
    json_write_string(out, cut(bytes_of(event->message), FIELD_BYTES_MAX));
}

/*
 * As inside a JSON string, and what is left of control characters becomes '?':
 * DEL, and U+0080 to U+009F (c2 80 to c2 9f), which also move a terminal's cursor.
 */
static void text_escaped(struct buf *out, struct bytes text, bool with_quotes)
{
    struct buf quoted;
    buf_open(&quoted, LINE_BYTES_MAX);
    if (json_write_string(&quoted, text) == 0) {
        for (size_t i = 1; i < quoted.len; i++) {
            unsigned char *byte = (unsigned char *)&quoted.data[i];
            if (*byte == 0x7f) {
                *byte = '?';
            } else if (*byte >= 0x80 && *byte < 0xa0 && byte[-1] == 0xc2) {
                byte[-1] = *byte = '?';
            }
        }
        size_t skip = with_quotes ? 0 : 1;
        buf_append(out, (struct bytes){quoted.data + skip, quoted.len - 2 * skip});
    } else {
        out->err = quoted.err;
    }
    buf_close(&quoted);
}

static void text_field(struct buf *out, const struct log_field *field)
{
    buf_append_text(out, "  ");
    text_escaped(out, bytes_of(field->name), false);
    buf_append_char(out, '=');
    if (!field->is_text) {
        buf_append_integer(out, field->integer);
        return;
    }
    /* Quoted when it would be hard to tell from what stands around it. */
    struct bytes text = cut(field->text, FIELD_BYTES_MAX);
    bool is_simple = text.len > 0;
    for (size_t i = 0; i < text.len && is_simple; i++) {
        char c = text.data[i];
        is_simple = c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
    }
    text_escaped(out, text, !is_simple);
}

static void text_head(struct buf *out, const struct event *event, bool with_colour)
{
    buf_append_format(out, "%02d:%02d:%02d.%03u ", event->now.tm_hour, event->now.tm_min,
                      event->now.tm_sec, event->ms);
    buf_append_text(out, with_colour ? levels[event->level].colour : "");
    buf_append_text(out, levels[event->level].label);
    buf_append_text(out, with_colour ? "\033[0m" : "");
    buf_append_format(out, " %-*.*s  ", AREA_WIDTH, AREA_BYTES_MAX, event->area);
    text_escaped(out, cut(bytes_of(event->message), FIELD_BYTES_MAX), false);
}

static void format_event(struct buf *out, const struct event *event, enum log_format format)
{
    if (format == FORMAT_JSON) {
        json_head(out, event);
    } else {
        text_head(out, event, format == FORMAT_COLOUR);
    }
    /* A field that does not fit is left out whole, so that the line stays JSON. */
    for (size_t i = 1; i < event->count && !out->err; i++) {
        size_t before = out->len;
        if (format == FORMAT_JSON) {
            json_field(out, &event->fields[i]);
        } else {
            text_field(out, &event->fields[i]);
        }
        out->len = out->err ? before : out->len;
    }
    /* The limit grows by the end of the line, which so always fits. */
    out->err = 0;
    out->bytes_max += LINE_END_BYTES;
    buf_append_text(out, format == FORMAT_JSON ? "}\n" : "\n");
}

/* One write for a line, so that lines of several processes do not mix. */
static void write_line(int fd, struct bytes line)
{
    ssize_t written;
    do {
        written = write(fd, line.data, line.len);
    } while (written < 0 && errno == EINTR);
}

/* Under output_lock. */
static void emit(const struct event *event)
{
    if (output_format == FORMAT_UNKNOWN) {
        output_format = isatty(output_fd) ? FORMAT_COLOUR : FORMAT_JSON;
    }
    struct buf line;
    buf_open(&line, LINE_BYTES_MAX);
    format_event(&line, event, output_format);
    if (line.len > 0) {
        write_line(output_fd, buf_bytes(&line));
        if (sink_call != NULL && !inside_sink) {
            inside_sink = true;
            sink_call(sink_ctx, event->level, event->area, (struct bytes){line.data, line.len - 1});
            inside_sink = false;
        }
    }
    buf_close(&line);
}

void log_write(enum log_level level, const char *area, const char *message,
               const struct log_field *fields, size_t count)
{
    if (level < log_level()) {
        return;
    }
    int saved_errno = errno;
    int64_t wall_ms = clock_wall_ms();
    struct event event = {.level = level,
                          .area = area,
                          .message = message,
                          .fields = fields,
                          .count = count,
                          .ms = (unsigned)(wall_ms % 1000)};
    time_t seconds = (time_t)(wall_ms / 1000);
    gmtime_r(&seconds, &event.now);
    /* What a sink logs comes back here on the thread that holds the lock. */
    bool is_nested = inside_sink;
    if (!is_nested) {
        pthread_mutex_lock(&output_lock);
    }
    emit(&event);
    if (!is_nested) {
        pthread_mutex_unlock(&output_lock);
    }
    errno = saved_errno;
}
