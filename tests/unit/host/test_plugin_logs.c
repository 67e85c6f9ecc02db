#include "host/base/log.h"
#include "host/plugin_logs.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

static char last[PLUGIN_LOGS_LINE_BYTES_MAX + 1];
static size_t told;
static size_t longest;
static int wakes;

static void on_line(void *ctx, struct bytes line)
{
    (void)ctx;
    told++;
    longest = line.len > longest ? line.len : longest;
    snprintf(last, sizeof(last), "%.*s", (int)line.len, line.data);
}

static void on_wake(void *ctx)
{
    (void)ctx;
    wakes++;
}

static void begin(bool as_json)
{
    int fd = open("/dev/null", O_WRONLY);
    assert_true(fd >= 0);
    log_set_output(fd, as_json);
    plugin_logs_open();
    told = 0;
    longest = 0;
    wakes = 0;
}

static uint64_t read_all(const char *plugin, uint64_t from, uint64_t *lost)
{
    told = 0;
    return plugin_logs_read(bytes_of(plugin), from, lost, on_line, NULL);
}

static void say(const char *plugin, const char *message)
{
    LOG(LOG_INFO, "plugin", message, LOG_TEXT("plugin", plugin),
        LOG_TEXT("fields", "{\"a\":\"x  plugin=users\"}"));
}

TEST(plugin_logs, each_plugin_has_its_own_lines_in_both_formats)
{
    uint64_t lost;
    for (int as_json = 0; as_json < 2; as_json++) {
        begin(as_json == 1);
        say("chat", "hello");
        say("users", "welcome");
        assert_int_equal(read_all("chat", 0, &lost), 1);
        assert_int_equal(told, 1);
        assert_non_null(strstr(last, "hello"));
        assert_int_equal(read_all("groups", 0, &lost), 0);
        plugin_logs_close();
    }
}

TEST(plugin_logs, no_plugin_can_write_into_anothers_lines)
{
    uint64_t lost;
    for (int as_json = 0; as_json < 2; as_json++) {
        begin(as_json == 1);
        say("chat", "oh  plugin=users  and \"plugin\":\"users\"");
        assert_int_equal(read_all("users", 0, &lost), 0);
        assert_int_equal(read_all("chat", 0, &lost), 1);
        plugin_logs_close();
    }
}

TEST(plugin_logs, what_other_parts_log_is_not_kept)
{
    uint64_t lost;
    begin(true);
    LOG(LOG_INFO, "storage", "hello", LOG_TEXT("plugin", "chat"));
    LOG(LOG_INFO, "plugin", "done", LOG_TEXT("plugin", "(all)"));
    assert_int_equal(read_all("chat", 0, &lost), 0);
    assert_int_equal(read_all("(all)", 0, &lost), 0);
    plugin_logs_close();
}

TEST(plugin_logs, the_oldest_lines_make_room_and_are_counted)
{
    uint64_t lost;
    begin(true);
    for (int i = 0; i < PLUGIN_LOGS_LINES_MAX + 7; i++) {
        say("chat", "line");
    }
    assert_int_equal(read_all("chat", 0, &lost), PLUGIN_LOGS_LINES_MAX + 7);
    assert_int_equal(told, PLUGIN_LOGS_LINES_MAX);
    assert_int_equal(lost, 7);
    assert_int_equal(read_all("chat", PLUGIN_LOGS_LINES_MAX + 6, &lost), PLUGIN_LOGS_LINES_MAX + 7);
    assert_int_equal(told, 1);
    assert_int_equal(lost, 0);
    plugin_logs_close();
}

TEST(plugin_logs, a_long_line_is_cut)
{
    static char message[3 * PLUGIN_LOGS_LINE_BYTES_MAX];
    uint64_t lost;
    begin(false);
    memset(message, 'x', sizeof(message) - 1);
    LOG(LOG_INFO, "plugin", message, LOG_TEXT("plugin", "chat"), LOG_TEXT("more", message));
    assert_int_equal(read_all("chat", 0, &lost), 1);
    assert_int_equal(longest, PLUGIN_LOGS_LINE_BYTES_MAX);
    plugin_logs_close();
}

TEST(plugin_logs, who_waits_is_woken_until_he_leaves)
{
    begin(true);
    plugin_logs_on_line(on_wake, NULL);
    say("chat", "one");
    assert_int_equal(wakes, 1);
    plugin_logs_on_line(NULL, NULL);
    say("chat", "two");
    assert_int_equal(wakes, 1);
    plugin_logs_close();
}

TEST_MAIN
