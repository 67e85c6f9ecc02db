#include "host/base/mem.h"
#include "lua/core.h"
#include "lua/documents.h"
#include "tests/unit/unit.h"

#define OUT_BYTES_MAX (1U << 20)

/* Two plugins of which only what the documents read exists. */
static struct manifest chat_manifest = {.name = (char[]){"chat"}};
static struct manifest polls_manifest = {.name = (char[]){"polls"}};
static struct bundle chat_bundle = {.manifest = &chat_manifest};
static struct bundle polls_bundle = {.manifest = &polls_manifest};
static struct generation chat = {.bundle = &chat_bundle};
static struct generation polls = {.bundle = &polls_bundle};
static struct generation *generations[] = {&chat, &polls};
static struct snapshot snapshot = {.generations = generations, .generations_count = 2};
static struct buf out;
static struct json_doc doc;

static struct entry *add(struct generation *generation, enum entry_kind kind, const char *name,
                         const char *options)
{
    struct entry *entry = wiring_add(generation->wiring, kind, bytes_of(name));
    entry->doc = options ? mem_copy_text(options, strlen(options)) : NULL;
    return entry;
}

static void start(void)
{
    chat.wiring = wiring_new();
    polls.wiring = wiring_new();
    buf_open(&out, OUT_BYTES_MAX);
    json_open(&doc);
}

static void end(void)
{
    wiring_free(chat.wiring);
    wiring_free(polls.wiring);
    buf_close(&out);
    json_close(&doc);
}

static void write_and_parse(int (*write)(const struct snapshot *snapshot, struct buf *out))
{
    assert_int_equal(write(&snapshot, &out), 0);
    if (getenv("DOCUMENTS_SHOW")) { /* for a look with other tools */
        printf("%.*s\n", (int)out.len, out.data);
    }
    assert_int_equal(json_parse(&doc, buf_bytes(&out), NULL), 0);
}

/* Walks to a value by names and by numbers of items; NULL when there is none. */
static const struct json_node *at(const char *const *path)
{
    const struct json_node *node = doc.nodes;
    for (; *path && node; path++) {
        if (node->type == JSON_OBJECT) {
            node = json_member(&doc, node, *path);
            continue;
        }
        const struct json_node *list = node;
        node = json_first(&doc, list);
        for (long i = strtol(*path, NULL, 10); i > 0 && node; i--) {
            node = json_next(&doc, list, node);
        }
    }
    return node;
}
#define AT(...) at((const char *const[]){__VA_ARGS__, NULL})

static void assert_json(const struct json_node *node, const char *text)
{
    struct buf have;
    assert_non_null(node);
    buf_open(&have, OUT_BYTES_MAX);
    json_write_node(&have, &doc, node, false);
    buf_append_char(&have, '\0');
    assert_string_equal(have.data, text);
    buf_close(&have);
}

TEST(documents, method_is_described_with_its_parameters_by_name)
{
    start();
    add(&chat, ENTRY_METHOD, "chat.open",
        "{\"summary\":\"Opens \\\"it\\\".\",\"params\":{\"type\":\"object\",\"properties\":{"
        "\"userId\":{\"type\":\"string\",\"format\":\"id\"},\"limit\":{\"type\":\"integer\"}},"
        "\"required\":[\"userId\"]},\"result\":{\"type\":\"object\",\"x-open\":true}}");
    add(&polls, ENTRY_METHOD, "polls.ping", NULL)->is_open = true;
    write_and_parse(documents_openrpc);
    assert_json(AT("openrpc"), "\"1.3.2\"");
    assert_json(AT("methods", "0", "name"), "\"rpc.discover\"");
    assert_json(AT("methods", "1", "name"), "\"chat.open\"");
    assert_json(AT("methods", "1", "summary"), "\"Opens \\\"it\\\".\"");
    assert_json(AT("methods", "1", "tags"), "[{\"name\":\"chat\"}]");
    assert_json(AT("methods", "1", "paramStructure"), "\"by-name\"");
    assert_json(AT("methods", "1", "params"),
                "[{\"name\":\"userId\",\"required\":true,\"schema\":{\"type\":\"string\","
                "\"format\":\"id\"}},{\"name\":\"limit\",\"required\":false,\"schema\":{"
                "\"type\":\"integer\"}}]");
    assert_json(AT("methods", "1", "result", "schema"), "{\"type\":\"object\",\"x-open\":true}");
    assert_json(AT("methods", "1", "x-auth"), "true");
    assert_json(AT("methods", "2", "name"), "\"polls.ping\"");
    assert_json(AT("methods", "2", "params"), "[]");
    assert_json(AT("methods", "2", "result", "schema"), "{\"type\":\"object\"}");
    assert_json(AT("methods", "2", "x-auth"), "false");
    assert_null(AT("methods", "3"));
    end();
}

TEST(documents, parameters_of_a_union_are_those_of_all_variants)
{
    start();
    add(&chat, ENTRY_METHOD, "chat.send",
        "{\"params\":{\"type\":\"object\",\"discriminator\":{\"propertyName\":\"type\"},\"oneOf\":["
        "{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"text\"},\"id\":{},"
        "\"a\":{\"type\":\"string\"}},\"required\":[\"type\",\"id\",\"a\"]},"
        "{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"file\"},\"id\":{}},"
        "\"required\":[\"type\",\"id\"]}]}}");
    write_and_parse(documents_openrpc);
    assert_json(AT("methods", "1", "params"),
                "[{\"name\":\"type\",\"required\":true,\"schema\":{\"anyOf\":[{\"const\":\"text\"},"
                "{\"const\":\"file\"}]}},{\"name\":\"id\",\"required\":true,\"schema\":{}},"
                "{\"name\":\"a\",\"required\":false,\"schema\":{\"type\":\"string\"}}]");
    assert_json(AT("methods", "1", "x-params", "discriminator"), "{\"propertyName\":\"type\"}");
    end();
}

TEST(documents, errors_that_methods_point_to_are_there)
{
    start();
    add(&chat, ENTRY_METHOD, "chat.open", NULL);
    write_and_parse(documents_openrpc);
    const struct json_node *list = AT("methods", "1", "errors");
    size_t count = 0;
    for (const struct json_node *item = json_first(&doc, list); item;
         item = json_next(&doc, list, item), count++) {
        struct bytes ref = json_string(json_member(&doc, item, "$ref"));
        char name[64];
        const char *prefix = "#/components/errors/";
        assert_true(bytes_starts_with(ref, bytes_of(prefix)));
        snprintf(name, sizeof(name), "%.*s", (int)(ref.len - strlen(prefix)),
                 ref.data + strlen(prefix));
        assert_non_null(AT("components", "errors", name, "code"));
        assert_non_null(AT("components", "errors", name, "message"));
    }
    assert_int_equal(count, 11);
    assert_json(AT("components", "errors", "rate_limited", "code"), "-32029");
    end();
}

TEST(documents, events_stand_beside_the_methods)
{
    start();
    add(&chat, ENTRY_EVENT, "chat.message",
        "{\"summary\":\"A new one.\",\"params\":{\"properties\":{\"seq\":{}}}}");
    write_and_parse(documents_openrpc);
    assert_null(AT("methods", "1"));
    assert_json(AT("x-events", "0", "name"), "\"chat.message\"");
    assert_json(AT("x-events", "0", "params", "0", "name"), "\"seq\"");
    end();
}

TEST(documents, routes_of_one_path_share_its_entry)
{
    start();
    add(&chat, ENTRY_ROUTE, "POST /api/messages",
        "{\"summary\":\"Sends.\",\"body\":{\"type\":\"object\"},\"result\":{\"x-open\":true}}");
    add(&chat, ENTRY_ROUTE, "GET /api/messages",
        "{\"query\":{\"properties\":{\"chatId\":{\"type\":\"string\"}},"
        "\"required\":[\"chatId\"]}}");
    add(&polls, ENTRY_ROUTE, "GET /polls/*", NULL)->is_open = true;
    write_and_parse(documents_openapi);
    assert_json(AT("openapi"), "\"3.1.0\"");
    assert_json(AT("paths", "/api/messages", "post", "summary"), "\"Sends.\"");
    assert_json(AT("paths", "/api/messages", "post", "operationId"), "\"chat.post.api.messages\"");
    assert_json(AT("paths", "/api/messages", "post", "requestBody", "content", "application/json",
                   "schema"),
                "{\"type\":\"object\"}");
    assert_json(AT("paths", "/api/messages", "post", "responses", "2XX", "content",
                   "application/json", "schema"),
                "{\"x-open\":true}");
    assert_json(AT("paths", "/api/messages", "get", "parameters"),
                "[{\"name\":\"chatId\",\"in\":\"query\",\"required\":true,\"schema\":{"
                "\"type\":\"string\"}}]");
    assert_null(AT("paths", "/api/messages", "get", "requestBody"));
    assert_null(AT("paths", "/api/messages", "get", "security"));
    assert_json(AT("paths", "/polls/{rest}", "get", "parameters", "0", "name"), "\"rest\"");
    assert_json(AT("paths", "/polls/{rest}", "get", "security"), "[]");
    assert_non_null(AT("paths", "/rpc", "post"));
    assert_non_null(AT("paths", "/healthz", "get"));
    assert_non_null(AT("paths", "/readyz", "get"));
    assert_non_null(AT("paths", "/metrics", "get"));
    assert_json(AT("components", "securitySchemes", "bearer", "scheme"), "\"bearer\"");
    end();
}

TEST(documents, buffer_that_is_too_small_is_said)
{
    start();
    buf_close(&out);
    buf_open(&out, 64);
    assert_int_not_equal(documents_openrpc(&snapshot, &out), 0);
    buf_clear(&out);
    assert_int_not_equal(documents_openapi(&snapshot, &out), 0);
    end();
}

TEST_MAIN
