#include "host/base/err.h"
#include "host/base/schema.h"
#include "lua/manifest.h"
#include "tests/unit/unit.h"

static char message[512];

static struct manifest *read_manifest(const char *text)
{
    struct manifest *manifest = NULL;
    int err = manifest_new(&manifest, bytes_of(text), message, sizeof(message));
    if (err) {
        fail_msg("%s: %s", err_name(err), message);
    }
    return manifest;
}

static void assert_refused(const char *text, int expected, const char *words)
{
    struct manifest *manifest = NULL;
    message[0] = '\0';
    int err = manifest_new(&manifest, bytes_of(text), message, sizeof(message));
    assert_null(manifest);
    assert_string_equal(message, words);
    assert_int_equal(err, expected);
}

#define HEAD "{\"name\":\"hello\",\"version\":\"1.0.0\",\"api\":\"1\""

TEST(manifest, smallest_has_the_defaults)
{
    struct manifest *m = read_manifest(HEAD "}");
    assert_string_equal(m->name, "hello");
    assert_string_equal(m->version, "1.0.0");
    assert_int_equal(m->grants, 0);
    assert_int_equal(m->limits.cpu_ms, 50);
    assert_int_equal(m->limits.wall_ms, 5000);
    assert_int_equal(m->limits.memory_mb, 16);
    assert_int_equal(m->limits.timers, 10000);
    assert_int_equal(m->limits.calls, 256);
    assert_null(m->config);
    assert_null(m->config_json);
    manifest_free(m);
}

TEST(manifest, page_of_the_api_reads_as_it_says)
{
    struct manifest *m = read_manifest(
        "{\"name\":\"hello\",\"version\":\"1.0.0\",\"api\":\"1\",\"summary\":\"Says hello.\","
        "\"requires\":[\"users\"],\"capabilities\":{\"db\":{\"reads\":[\"users_profiles\"]},"
        "\"kv\":true,\"crypto\":true,\"timer\":true,\"log\":true,\"metrics\":false,"
        "\"session\":[\"deliver\",\"watch\"],"
        "\"bus\":{\"publish\":[\"hello.*\"],\"subscribe\":[\"chat.sent\"]},"
        "\"call\":[\"chat.members\"],\"hook\":[\"chat.send\"],\"http\":true},"
        "\"limits\":{\"cpuMs\":1000,\"timers\":0},"
        "\"config\":{\"greeting\":{\"type\":\"string\",\"default\":\"hello\"}}}");
    assert_string_equal(m->summary, "Says hello.");
    assert_string_equal(m->requires.items[0], "users");
    assert_string_equal(m->db_reads.items[0], "users_profiles");
    assert_int_equal(m->grants, GRANT_DB | GRANT_KV | GRANT_CRYPTO | GRANT_TIMER | GRANT_HTTP |
                                    GRANT_SESSION_DELIVER | GRANT_SESSION_WATCH);
    assert_true(manifest_grants(m, GRANT_KV));
    assert_false(manifest_grants(m, GRANT_METRICS));
    assert_true(text_list_matches(&m->bus_publish, BYTES("hello.said")));
    assert_false(text_list_matches(&m->bus_publish, BYTES("hell")));
    assert_true(text_list_matches(&m->bus_subscribe, BYTES("chat.sent")));
    assert_false(text_list_matches(&m->bus_subscribe, BYTES("chat.sent.again")));
    assert_string_equal(m->calls.items[0], "chat.members");
    assert_string_equal(m->hooks.items[0], "chat.send");
    assert_int_equal(m->limits.cpu_ms, 1000);
    assert_int_equal(m->limits.timers, 0);
    assert_string_equal(m->config_json,
                        "{\"greeting\":{\"type\":\"string\",\"default\":\"hello\"}}");
    assert_non_null(schema_property(m->config, BYTES("greeting")));
    manifest_free(m);
}

static const struct {
    const char *text, *words;
} mistakes[] = {
    {"[]", "plugin.json: an object expected"},
    {"{\"version\":\"1\",\"api\":\"1\"}", "plugin.json: \"name\" is missing"},
    {"{\"name\":\"hello\",\"api\":\"1\"}", "plugin.json: \"version\" is missing"},
    {"{\"name\":\"hello\",\"version\":\"1\"}", "plugin.json: \"api\" is missing"},
    {"{\"name\":\"Hello\"}", "plugin.json: /name: [a-z][a-z0-9]* of 2 to 32 characters expected"},
    {"{\"name\":\"h\"}", "plugin.json: /name: [a-z][a-z0-9]* of 2 to 32 characters expected"},
    {"{\"name\":7}", "plugin.json: /name: [a-z][a-z0-9]* of 2 to 32 characters expected"},
    {"{\"version\":\"\"}", "plugin.json: /version: a string of 1 to 64 bytes expected"},
    {"{\"version\":\"new\"}", "plugin.json: /version: a version like \"1.0.0\" expected"},
    {"{\"api\":\"2\"}", "plugin.json: /api: this host offers API version 1"},
    {"{\"api\":\"one\"}", "plugin.json: /api: a version or a range like \"1\" or \"1-2\" expected"},
    {"{\"api\":1}", "plugin.json: /api: a string of 1 to 64 bytes expected"},
    {"{\"capabilites\":{}}",
     "plugin.json: /capabilites: unknown member; do you mean \"capabilities\"?"},
    {"{\"zzz\":{}}", "plugin.json: /zzz: unknown member"},
    {"{\"a/b~\":1}", "plugin.json: /a~1b~0: unknown member"},
    {"{\"summary\":\"\\u0000\"}", "plugin.json: a string holds \\u0000 or half a surrogate pair"},
    {"{\"requires\":\"users\"}", "plugin.json: /requires: a list of at most 64 strings expected"},
    {"{\"requires\":[\"users\",\"Chat\"]}", "plugin.json: /requires/1: a plugin's name expected"},
    {"{\"requires\":[\"users\",\"users\"]}", "plugin.json: /requires/1: is listed twice"},
    {"{\"name\":\"hello\",\"requires\":[\"hello\"]}",
     "plugin.json: /requires: a plugin can't require itself"},
    {"{\"limits\":{\"cpuMs\":0}}", "plugin.json: /limits/cpuMs: 1 to 1000 expected"},
    {"{\"limits\":{\"cpuMs\":\"50\"}}", "plugin.json: /limits/cpuMs: 1 to 1000 expected"},
    {"{\"limits\":{\"wallMs\":60001}}", "plugin.json: /limits/wallMs: 10 to 60000 expected"},
    {"{\"limits\":{\"memoryMb\":0.5}}", "plugin.json: /limits/memoryMb: 1 to 256 expected"},
    {"{\"limits\":{\"timers\":-1}}", "plugin.json: /limits/timers: 0 to 100000 expected"},
    {"{\"limits\":{\"calls\":10001}}", "plugin.json: /limits/calls: 1 to 10000 expected"},
    {"{\"limits\":{\"cpu\":5}}",
     "plugin.json: /limits/cpu: unknown member; do you mean \"cpuMs\"?"},
    {"{\"limits\":[]}", "plugin.json: /limits: an object expected"},
    {"{\"capabilities\":{\"kv\":1}}", "plugin.json: /capabilities/kv: true or false expected"},
    {"{\"capabilities\":{\"metric\":true}}",
     "plugin.json: /capabilities/metric: unknown member; do you mean \"metrics\"?"},
    {"{\"capabilities\":{\"db\":{\"reads\":[\"users\"]}}}",
     "plugin.json: /capabilities/db/reads/0: a table like \"users_profiles\" expected"},
    {"{\"capabilities\":{\"db\":{\"read\":[]}}}",
     "plugin.json: /capabilities/db/read: unknown member; do you mean \"reads\"?"},
    {"{\"capabilities\":{\"session\":[\"delivr\"]}}",
     "plugin.json: /capabilities/session/0: deliver, open, close or watch expected"},
    {"{\"capabilities\":{\"bus\":{\"publish\":[\"a b\"]}}}",
     "plugin.json: /capabilities/bus/publish/0: a name like \"chat.send\" or \"chat.*\" "
     "expected"},
    {"{\"capabilities\":{\"call\":[\".x\"]}}",
     "plugin.json: /capabilities/call/0: a name like \"chat.send\" or \"chat.*\" expected"},
    {"{\"config\":{\"a-b\":{}}}",
     "plugin.json: /config/a-b: a key of 1 to 64 letters, digits and '_' expected"},
    {"{\"config\":{\"a\":true}}", "plugin.json: /config/a: a schema expected"},
    {"{\"config\":{\"a\":{\"type\":\"int\"}}}",
     "plugin.json: /config/a/type: the name of a type expected"},
    {"{\"config\":{\"a\":{\"typ\":1}}}", "plugin.json: /config/a/typ: unknown keyword"},
    {"{\"config\":{\"a\":{\"type\":\"integer\",\"default\":\"1\"}}}",
     "plugin.json: /config/a: the default does not fit: an integer expected"},
};

TEST(manifest, each_mistake_is_named_with_its_place)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        assert_refused(mistakes[i].text, ERR_INVALID, mistakes[i].words);
    }
}

TEST(manifest, broken_json_is_named_with_line_and_column)
{
    assert_refused("{\n  \"name\": \"hello\",\n  oops }", ERR_SYNTAX,
                   "plugin.json:3:3: not well formed");
    assert_refused("", ERR_SYNTAX, "plugin.json:1:1: not well formed");
}

TEST(manifest, too_many_bytes_are_refused_before_they_are_read)
{
    static char big[MANIFEST_BYTES_MAX + 2];
    memset(big, ' ', sizeof(big) - 1);
    assert_refused(big, ERR_TOO_LARGE, "plugin.json: at most 65536 bytes expected");
}

TEST(manifest, range_of_api_versions_may_start_below_and_end_above)
{
    manifest_free(read_manifest("{\"name\":\"hello\",\"version\":\"1\",\"api\":\"0-3\"}"));
    assert_refused("{\"api\":\"2-3\"}", ERR_INVALID,
                   "plugin.json: /api: this host offers API version 1");
}

TEST(manifest, star_alone_matches_every_name)
{
    struct manifest *m = read_manifest(HEAD ",\"capabilities\":{\"hook\":[\"*\"]}}");
    assert_true(text_list_matches(&m->hooks, BYTES("session.open")));
    assert_true(text_list_matches(&m->hooks, BYTES("")));
    manifest_free(m);
}

TEST(manifest, short_message_buffer_is_not_overrun)
{
    struct manifest *manifest = NULL;
    char little[8] = "";
    assert_int_equal(manifest_new(&manifest, BYTES("[]"), little, sizeof(little)), ERR_INVALID);
    assert_string_equal(little, "plugin.");
}

TEST_MAIN
