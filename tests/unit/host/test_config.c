#include "host/base/err.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/config.h"
#include "tests/unit/unit.h"

#include <unistd.h>

static struct config config;
static char message[1024];
static char path[64];

static void write_file(const char *text)
{
    snprintf(path, sizeof(path), "/tmp/config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int load(const char *text, const struct config_flag *flags, size_t count)
{
    message[0] = '\0';
    if (text) {
        write_file(text);
    }
    int err = config_open(&config, text ? path : NULL, flags, count, message, sizeof(message));
    if (text) {
        unlink(path);
    }
    return err;
}

static void assert_loaded(const char *text)
{
    int err = load(text, NULL, 0);
    if (err) {
        fail_msg("%s: %s", err_name(err), message);
    }
}

/* words follow the place, which is "<file>:<line>" for a file. */
static void assert_refused(const char *text, const char *words)
{
    char expected[512];
    assert_int_equal(load(text, NULL, 0), ERR_INVALID);
    snprintf(expected, sizeof(expected), "%s:%s", path, words);
    assert_string_equal(message, expected);
    assert_null(config.plugins_json);
}

static void assert_flag_refused(const char *key, const char *value, const char *words)
{
    struct config_flag flag = {key, value};
    assert_int_equal(load(NULL, &flag, 1), ERR_INVALID);
    assert_string_equal(message, words);
}

TEST(config, defaults_are_those_of_the_contract)
{
    assert_loaded(NULL);
    assert_string_equal(config.listen_address, "127.0.0.1");
    assert_int_equal(config.listen_port, 8080);
    assert_string_equal(config.data, "./data");
    assert_int_equal(config.plugin_folders_count, 0);
    assert_true(config.workers >= 1);
    assert_string_equal(config.tls_cert, "");
    assert_int_equal(config.frame_bytes_max, 262144);
    assert_int_equal(config.outbox_bytes_max, 1048576);
    assert_int_equal(config.text_bytes_max, 16384);
    assert_int_equal(config.json_depth_max, 32);
    assert_true(config.calls_per_s == 50.0 && config.calls_burst == 200.0);
    assert_true(config.limits_on);
    assert_int_equal(config.ping_idle_s, 25);
    assert_int_equal(config.silence_s_max, 60);
    assert_int_equal(config.slow_s_max, 30);
    assert_int_equal(config.drain_s_max, 10);
    assert_int_equal(config.password_memory_mib, 19);
    assert_int_equal(config.password_passes, 2);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, 0);
    assert_false(config.compress);
    assert_true(config.web_client);
    assert_false(config.dev);
    assert_string_equal(config.plugins_json, "{}");
    config_close(&config);
}

TEST(config, file_goes_over_the_defaults)
{
    assert_loaded("listen = '[::1]:0'\n"
                  "workers = 3\n"
                  "calls_per_s = 0.5\n"
                  "log_level = 'warn'\n"
                  "compress = true\n"
                  "plugin_folders = { '/a', '/b' }\n"
                  "plugins = { chat = { pinsMax = 5 } }\n");
    assert_string_equal(config.listen_address, "::1");
    assert_int_equal(config.listen_port, 0);
    assert_int_equal(config.workers, 3);
    assert_true(config.calls_per_s == 0.5);
    assert_int_equal(config.log_level, LOG_WARN);
    assert_true(config.compress);
    assert_int_equal(config.plugin_folders_count, 2);
    assert_string_equal(config.plugin_folders[1], "/b");
    assert_string_equal(config.plugins_json, "{\"chat\":{\"pinsMax\":5}}");
    config_close(&config);
}

TEST(config, table_is_another_writing_of_a_longer_name)
{
    assert_loaded("db = { readers = 4 }\nlimits = { calls_burst = 7 }\n"
                  "password = { memory_mib = 64 }\nplugin_folders = {}");
    assert_int_equal(config.db_readers, 4);
    assert_true(config.calls_burst == 7.0);
    assert_int_equal(config.password_memory_mib, 64);
    config_close(&config);
}

TEST(config, variables_go_over_the_file_and_flags_over_both)
{
    struct config_flag flags[] = {{"workers", "5"},    {"plugins", "/c"},      {"limits", "off"},
                                  {"db.readers", "7"}, {"log-level", "error"}, {"dev", "on"}};
    setenv("CHATTERMESH_WORKERS", "4", 1);
    setenv("CHATTERMESH_SLOW_S_MAX", "9", 1);
    setenv("CHATTERMESH_PLUGIN_FOLDERS", "/a:/b", 1);
    int err = load("workers = 3\nslow_s_max = 8\nplugin_folders = '/file'", flags, 6);
    unsetenv("CHATTERMESH_WORKERS");
    unsetenv("CHATTERMESH_SLOW_S_MAX");
    unsetenv("CHATTERMESH_PLUGIN_FOLDERS");
    assert_string_equal(message, "");
    assert_int_equal(err, 0);
    assert_int_equal(config.workers, 5);
    assert_int_equal(config.slow_s_max, 9);
    assert_int_equal(config.plugin_folders_count, 3);
    assert_string_equal(config.plugin_folders[0], "/a");
    assert_string_equal(config.plugin_folders[2], "/c");
    assert_false(config.limits_on);
    assert_int_equal(config.db_readers, 7);
    assert_int_equal(config.log_level, LOG_ERROR);
    assert_true(config.dev);
    config_close(&config);
}

TEST(config, variable_can_name_the_file)
{
    write_file("workers = 2");
    setenv("CHATTERMESH_CONFIG", path, 1);
    int err = config_open(&config, NULL, NULL, 0, message, sizeof(message));
    unsetenv("CHATTERMESH_CONFIG");
    unlink(path);
    assert_int_equal(err, 0);
    assert_int_equal(config.workers, 2);
    config_close(&config);
}

TEST(config, flag_sets_one_member_of_a_plugin)
{
    struct config_flag flags[] = {{"plugins.chat.pinsMax", "5"},
                                  {"plugins.users.openRegistration", "false"},
                                  {"plugins.chat.motto", "no quotes"},
                                  {"plugins.chat.pinsMax", "6"}};
    struct buf scratch;
    buf_open(&scratch, CONFIG_PLUGIN_BYTES_MAX);
    assert_int_equal(load("plugins = { chat = { expiryBatch = 3 } }", flags, 4), 0);
    assert_string_equal(config_plugin(&config, "chat", &scratch),
                        "{\"expiryBatch\":3,\"motto\":\"no quotes\",\"pinsMax\":6}");
    assert_string_equal(config_plugin(&config, "users", &scratch), "{\"openRegistration\":false}");
    assert_null(config_plugin(&config, "polls", &scratch));
    buf_close(&scratch);
    config_close(&config);
    assert_flag_refused("plugins.chat", "5", "--set plugins.chat: plugins.NAME.KEY=VALUE expected");
}

TEST(config, unknown_key_is_named_with_its_line_and_the_nearest)
{
    assert_refused("workers = 1\n\nlisen = 'x'", "3: unknown key \"lisen\"; do you mean "
                                                 "\"listen\"?");
    assert_refused("Workers = 1", "1: unknown key \"Workers\"; do you mean \"workers\"?");
    assert_refused("zzzzzzzzz = 1", "1: unknown key \"zzzzzzzzz\"; check-config lists all");
    assert_refused("limits = {\n  calls_burst = 7,\n  calls_per_sec = 5,\n}",
                   "3: unknown key \"calls_per_sec\"; do you mean \"calls_per_s\"?");
    assert_flag_refused("loglevel", "info",
                        "--set loglevel: unknown key \"loglevel\"; do you mean \"log_level\"?");
    setenv("CHATTERMESH_WORKER", "4", 1);
    assert_int_equal(load(NULL, NULL, 0), ERR_INVALID);
    unsetenv("CHATTERMESH_WORKER");
    assert_string_equal(message, "CHATTERMESH_WORKER: unknown key \"worker\"; do you mean "
                                 "\"workers\"?");
}

TEST(config, wrong_value_is_named_with_what_would_fit)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"workers = 65", "1: workers: 0 to 64 threads expected"},
        {"workers = '2'", "1: workers: 0 to 64 threads expected"},
        {"workers = 1.5", "1: workers: 0 to 64 threads expected"},
        {"calls_per_s = 0", "1: calls_per_s: 0.1 to 1000000 calls/s expected"},
        {"data = ''", "1: data: a text of 1 to 1023 bytes expected"},
        {"data = 'a\\nb'", "1: data: a text of 1 to 1023 bytes expected"},
        {"data = 5", "1: data: a text of 1 to 1023 bytes expected"},
        {"compress = 1", "1: compress: on or off expected"},
        {"log_level = 'loud'", "1: log_level: debug, info, warn, error expected"},
        {"log_format = 'xml'", "1: log_format: auto, json, text expected"},
        {"listen = '8080'",
         "1: listen: an address and a port like 127.0.0.1:8080 or [::1]:8080 expected"},
        {"listen = '::1:8080'",
         "1: listen: an address and a port like 127.0.0.1:8080 or [::1]:8080 expected"},
        {"listen = '127.0.0.1:65536'",
         "1: listen: an address and a port like 127.0.0.1:8080 or [::1]:8080 expected"},
        {"plugin_folders = { 1 }", "1: plugin_folders: at most 16 folders expected"},
        {"plugins = { chat = 5 }", "1: plugins: a table of each plugin's own, like { chat = { "
                                   "pinsMax = 50 } } expected"},
        {"tls_cert = 'a.pem'", "1: tls_cert and tls_key go together"},
        {"silence_s_max = 20", "1: silence_s_max: more than ping_idle_s (25 s) expected"},
        {"frame_bytes_max = 8192\ntext_bytes_max = 8193",
         "2: text_bytes_max: at most frame_bytes_max (8192 bytes) expected"},
        {"x = ", "1: unexpected symbol near <eof>"},
        {"listen = localhost", "1: localhost is not defined here; a text needs quotes"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[512];
        int err = load(cases[i].text, NULL, 0);
        snprintf(expected, sizeof(expected), "%s:%s", path, cases[i].words);
        assert_string_equal(message, expected);
        assert_true(err == ERR_INVALID || err == ERR_SYNTAX);
    }
    assert_flag_refused("workers", "many", "--workers: workers: 0 to 64 threads expected");
    assert_flag_refused("workers", "", "--workers: workers: 0 to 64 threads expected");
    assert_flag_refused("workers", "0x4", "--workers: workers: 0 to 64 threads expected");
    assert_flag_refused("limits", "maybe", "--limits: limits: on or off expected");
}

TEST(config, missing_file_is_not_found)
{
    assert_int_equal(config_open(&config, "/nowhere/mesh.lua", NULL, 0, message, sizeof(message)),
                     ERR_NOT_FOUND);
    assert_string_equal(message, "/nowhere/mesh.lua: No such file or directory");
}

TEST(config, explanation_says_where_each_value_came_from)
{
    struct config_flag flag = {"slow_s_max", "7"};
    struct buf out;
    char place[128];
    buf_open(&out, 1U << 20);
    assert_int_equal(load("workers = 3", &flag, 1), 0);
    config_explain(&config, &out);
    buf_append_char(&out, '\0');
    snprintf(place, sizeof(place), "workers = 3 threads  (%s:1)\n", path);
    assert_non_null(strstr(out.data, place));
    assert_non_null(strstr(out.data, "slow_s_max = 7 s  (--set slow_s_max)\n"));
    assert_non_null(strstr(out.data, "listen = 127.0.0.1:8080  (default)\n"));
    assert_non_null(strstr(out.data, "tls_cert = none  (default)\n"));
    assert_non_null(strstr(out.data, "default 30; 1 to 3600 s\n"));
    buf_close(&out);
    config_close(&config);
}

TEST(config, explanation_as_json_has_every_key_once)
{
    struct json_doc doc;
    struct buf out;
    json_open(&doc);
    buf_open(&out, 1U << 20);
    assert_loaded("data = '/tmp/\"x\"'");
    config_explain_json(&config, &out);
    assert_int_equal(json_parse(&doc, buf_bytes(&out), NULL), 0);
    size_t count = 0;
    for (const struct json_node *key = json_first(&doc, doc.nodes); key;
         key = json_next(&doc, doc.nodes, key), count++) {
        assert_non_null(json_member(&doc, key, "value"));
        assert_non_null(json_member(&doc, key, "summary"));
        if (json_is_string(json_member(&doc, key, "key"), "data")) {
            assert_true(json_is_string(json_member(&doc, key, "value"), "/tmp/\"x\""));
        }
        if (json_is_string(json_member(&doc, key, "key"), "slow_s_max")) {
            assert_int_equal(json_member(&doc, key, "value")->integer, 30);
            assert_int_equal(json_member(&doc, key, "max")->integer, 3600);
        }
    }
    assert_int_equal(count, 30);
    json_close(&doc);
    buf_close(&out);
    config_close(&config);
}

TEST(config, only_what_needs_a_restart_is_listed)
{
    static struct config then;
    struct buf out;
    struct config_flag flags[] = {{"calls_per_s", "1"},
                                  {"log_level", "debug"},
                                  {"frame_bytes_max", "100000"},
                                  {"plugins", "/x"}};
    buf_open(&out, 4096);
    assert_loaded(NULL);
    assert_int_equal(config_open(&then, NULL, flags, 4, message, sizeof(message)), 0);
    config_restart_needed(&config, &then, &out);
    assert_true(bytes_equal_text(buf_bytes(&out), "[\"plugin_folders\",\"frame_bytes_max\"]"));
    buf_clear(&out);
    config_restart_needed(&config, &config, &out);
    assert_true(bytes_equal_text(buf_bytes(&out), "[]"));
    buf_close(&out);
    config_close(&then);
    config_close(&config);
}

TEST_MAIN
