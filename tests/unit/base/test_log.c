#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#define NOON_MS INT64_C(1767268800123) /* 2026-01-01T12:00:00.123Z */
#define READ_BYTES_MAX 65536

static int ends[2];
static char got[READ_BYTES_MAX + 1];

static void capture(bool as_json)
{
    assert_int_equal(pipe(ends), 0);
    log_set_output(ends[1], as_json);
    log_set_level(LOG_INFO);
    clock_test_start(NOON_MS);
}

/* One read gives what one write wrote, as nothing else uses the pipe. */
static const char *captured(void)
{
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ssize_t len = read(ends[0], got, READ_BYTES_MAX);
    got[len > 0 ? len : 0] = '\0';
    return got;
}

static void release(void)
{
    log_set_sink(NULL, NULL);
    clock_test_stop();
    close(ends[0]);
    close(ends[1]);
}

TEST(log, event_is_one_json_object_a_line)
{
    capture(true);
    LOG(LOG_WARN, "storage", "the disk \"is\" full", LOG_TEXT("file", "a\nb"), LOG_INT("free", -3));
    assert_string_equal(captured(), "{\"time\":\"2026-01-01T12:00:00.123Z\",\"level\":\"warn\","
                                    "\"area\":\"storage\",\"message\":\"the disk \\\"is\\\" full\","
                                    "\"file\":\"a\\nb\",\"free\":-3}\n");
    release();
}

TEST(log, terminal_form_has_columns_and_no_colour_in_a_pipe)
{
    capture(false);
    LOG(LOG_WARN, "storage", "the disk is full", LOG_TEXT("file", "/a b"), LOG_INT("free", 3),
        LOG_TEXT("name", "plain"));
    assert_string_equal(
        captured(),
        "12:00:00.123 WARN  storage  the disk is full  file=\"/a b\"  free=3  name=plain\n");
    LOG(LOG_ERROR, "net", "x");
    assert_string_equal(captured(), "12:00:00.123 ERROR net      x\n");
    release();
}

TEST(log, peer_cannot_move_the_terminal_or_forge_a_line)
{
    capture(false);
    LOG(LOG_INFO, "net", "a\r\nb", LOG_TEXT("name", "\033[2J\x7f\xc2\x9b\xff"));
    for (const char *c = captured(); *c != '\0'; c++) {
        assert_true(((unsigned char)*c >= 0x20 && *c != 0x7f) || c[1] == '\0');
    }
    assert_null(strstr(got, "\xc2\x9b"));
    release();
}

TEST(log, quieter_events_than_the_level_are_not_written)
{
    capture(true);
    log_set_level(LOG_ERROR);
    LOG(LOG_WARN, "a", "b");
    assert_string_equal(captured(), "");
    assert_int_equal(log_level(), LOG_ERROR);
    release();
}

TEST(log, line_that_would_be_too_long_stays_json)
{
    static char long_text[40000];
    memset(long_text, '\x01', sizeof(long_text) - 1);
    capture(true);
    LOG(LOG_INFO, long_text, long_text, LOG_TEXT("a", long_text), LOG_TEXT("b", long_text),
        LOG_INT("c", 1));
    struct json_doc doc;
    json_open(&doc);
    assert_int_equal(json_parse(&doc, bytes_of(captured()), NULL), 0);
    assert_non_null(json_member(&doc, doc.nodes, "message"));
    json_close(&doc);
    release();
}

static void sink(void *ctx, enum log_level level, const char *area, struct bytes line)
{
    assert_int_equal(level, LOG_INFO);
    assert_string_equal(area, "a");
    assert_int_equal(line.data[line.len - 1], '}');
    ++*(int *)ctx;
    LOG(LOG_INFO, "sink", "logs too");
}

TEST(log, sink_gets_each_line_and_may_log_itself)
{
    int lines = 0;
    capture(true);
    log_set_sink(sink, &lines);
    LOG(LOG_INFO, "a", "b");
    assert_int_equal(lines, 1);
    assert_non_null(strstr(captured(), "logs too"));
    log_set_sink(NULL, NULL);
    LOG(LOG_INFO, "a", "b");
    assert_int_equal(lines, 1);
    release();
}

TEST_MAIN
