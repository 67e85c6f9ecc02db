/* The OpenAPI document: the routes of the plugins that serve now, and the host's own. */
#include "lua/documents_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char head[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"ChatterMesh\",\"version\":\"1\","
    "\"description\":\"The routes of the plugins that are loaded. All methods of /openrpc.json "
    "can be called over POST /rpc.\"},\"servers\":[{\"url\":\"/\"}],"
    "\"security\":[{\"bearer\":[]}],";

static const char components[] =
    "\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
    "\"description\":\"An access token.\"}},"
    "\"schemas\":{\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457\","
    "\"required\":[\"type\",\"title\",\"status\"],\"properties\":{"
    "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"}}},"
    "\"JsonRpc\":{\"type\":[\"object\",\"array\"],"
    "\"description\":\"A JSON-RPC 2.0 message, or a batch of at most 64.\"}},"
    "\"responses\":{\"Problem\":{\"description\":\"What went wrong.\",\"content\":{"
    "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}},";

#define PROBLEM "\"default\":{\"$ref\":\"#/components/responses/Problem\"}"
#define OPEN_GET(id, summary, answers)                                                             \
    "{\"get\":{\"operationId\":\"host." id "\",\"summary\":\"" summary                             \
    "\",\"tags\":[\"host\"],\"security\":[],\"responses\":{" answers "}}}"

static const char host_paths[] =
    "\"/rpc\":{\"post\":{\"operationId\":\"host.rpc\",\"summary\":\"One JSON-RPC "
    "message or "
    "batch.\",\"tags\":[\"host\"],\"security\":[{},{\"bearer\":[]}],\"requestBody\":"
    "{\"required\":"
    "true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/"
    "schemas/JsonRpc\"}"
    "}}},\"responses\":{\"200\":{\"description\":\"The answers; JSON-RPC errors "
    "too.\",\"content\":"
    "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
    "JsonRpc\"}}}},"
    "\"204\":{\"description\":\"Only notifications.\"}," PROBLEM "}}},"
    "\"/healthz\":" OPEN_GET(
        "healthz", "Whether the process runs.",
        "\"200\":{\"description\":\"It does.\"}") ","
                                                  "\"/readyz\":" OPEN_GET(
                                                      "readyz",
                                                      "Whether storage and plugins "
                                                      "serve.",
                                                      "\"200\":{\"description\":"
                                                      "\"They do.\"},"
                                                      "\"503\":{\"description\":"
                                                      "\"Not yet, or not any "
                                                      "more.\"}") ","
                                                                  "\"/"
                                                                  "metrics\""
                                                                  ":" OPEN_GET(
                                                                      "metrics",
                                                                      "Prometheus "
                                                                      "text.",
                                                                      "\"200\":{"
                                                                      "\"description"
                                                                      "\":\"The "
                                                                      "metrics.\","
                                                                      "\"content\":{"
                                                                      "\"text/"
                                                                      "plain\":{"
                                                                      "\"schema\":{"
                                                                      "\"type\":"
                                                                      "\"string\"}}}"
                                                                      "}") ","
                                                                           "\"/"
                                                                           "openrpc."
                                                                           "json\""
                                                                           ":" OPEN_GET(
                                                                               "open"
                                                                               "rpc",
                                                                               "All "
                                                                               "meth"
                                                                               "ods "
                                                                               "and "
                                                                               "even"
                                                                               "ts.",
                                                                               "\"20"
                                                                               "0\":"
                                                                               "{\"d"
                                                                               "escr"
                                                                               "ipti"
                                                                               "on\""
                                                                               ":\"A"
                                                                               "n "
                                                                               "Open"
                                                                               "RPC "
                                                                               "docu"
                                                                               "ment"
                                                                               ".\""
                                                                               "}") ","
                                                                                    "\"/"
                                                                                    "openapi."
                                                                                    "json\""
                                                                                    ":" OPEN_GET(
                                                                                        "openapi",
                                                                                        "This "
                                                                                        "document.",
                                                                                        "\"200\":{"
                                                                                        "\"descript"
                                                                                        "ion\":"
                                                                                        "\"An "
                                                                                        "OpenAPI "
                                                                                        "document."
                                                                                        "\"}");

/* ---- "GET /api/messages" ---- */

struct route {
    struct bytes method;
    struct bytes path;
};

static struct route route_of(const struct entry *entry)
{
    const char *space = strchr(entry->name, ' ');
    return (struct route){{entry->name, (size_t)(space - entry->name)}, bytes_of(space + 1)};
}

static bool has_rest(struct bytes path)
{
    return path.len >= 2 && memcmp(path.data + path.len - 2, "/*", 2) == 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void write_lower(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        buf_append_char(out, lower(text.data[i]));
    }
}

static void write_path(struct buf *out, struct bytes path)
{
    char text[256];
    if (has_rest(path) && path.len < sizeof(text)) {
        int len = snprintf(text, sizeof(text), "%.*s/{rest}", (int)path.len - 2, path.data);
        path = (struct bytes){text, (size_t)len};
    }
    json_write_string(out, path);
}

/* ---- operations ---- */

/* "chat.get.api.messages": unique, and a name that generators of clients can use. */
static void write_operation_id(struct buf *out, const struct page *page, struct route route)
{
    buf_append_format(out, "\"operationId\":\"%s.", page->generation->bundle->manifest->name);
    write_lower(out, route.method);
    for (size_t i = 0; i < route.path.len; i++) {
        char c = route.path.data[i];
        bool is_plain = isalnum((unsigned char)c) || c == '_' || c == '-';
        buf_append_char(out, is_plain ? c : '.');
    }
    buf_append_char(out, '"');
}

static void write_parameters(struct buf *out, const struct page *page, struct route route)
{
    if (has_rest(route.path)) {
        buf_append_text(out, ",\"parameters\":[{\"name\":\"rest\",\"in\":\"path\","
                             "\"required\":true,\"schema\":{\"type\":\"string\"}}");
    } else {
        buf_append_text(out, ",\"parameters\":[");
    }
    struct buf list;
    buf_open(&list, out->bytes_max);
    page_write_members(&list, page, "query", ",\"in\":\"query\"");
    struct bytes inner = BYTES_NONE; /* without the brackets */
    if (!list.err && list.len > 2) {
        inner = (struct bytes){list.data + 1, list.len - 2};
    }
    if (inner.len && has_rest(route.path)) {
        buf_append_char(out, ',');
    }
    if (inner.len) {
        buf_append(out, inner);
    }
    buf_close(&list);
    buf_append_char(out, ']');
}

static void write_operation(struct buf *out, const struct page *page)
{
    struct route route = route_of(page->entry);
    buf_append_char(out, '"');
    write_lower(out, route.method);
    buf_append_text(out, "\":{");
    write_operation_id(out, page, route);
    page_write_summary(out, page);
    buf_append_format(out, ",\"tags\":[\"%s\"]", page->generation->bundle->manifest->name);
    write_parameters(out, page, route);
    if (page->entry->is_open) {
        buf_append_text(out, ",\"security\":[]");
    }
    if (page_option(page, "body")) {
        buf_append_text(out, ",\"requestBody\":{\"required\":true,\"content\":{"
                             "\"application/json\":{\"schema\":");
        page_write_schema(out, page, "body");
        buf_append_text(out, "}}}");
    }
    buf_append_text(out, ",\"responses\":{\"2XX\":{\"description\":\"Done.\"");
    if (page_option(page, "result")) {
        buf_append_text(out, ",\"content\":{\"application/json\":{\"schema\":");
        page_write_schema(out, page, "result");
        buf_append_text(out, "}}");
    }
    buf_append_text(out, "}," PROBLEM "}}");
}

/* ---- paths ---- */

/* Whether an entry before this one has the same path: then it was written there. */
static bool is_written(const struct snapshot *snapshot, const struct entry *entry)
{
    struct page_walk walk = page_walk_over(snapshot, ENTRY_ROUTE);
    bool found = false;
    while (page_walk_next(&walk)) {
        if (walk.page.entry == entry) {
            page_close(&walk.page);
            return found;
        }
        found = found || bytes_equal(route_of(walk.page.entry).path, route_of(entry).path);
    }
    return found;
}

static void write_operations(struct buf *out, const struct snapshot *snapshot, struct bytes path)
{
    struct page_walk walk = page_walk_over(snapshot, ENTRY_ROUTE);
    bool is_first = true;
    while (page_walk_next(&walk)) {
        if (bytes_equal(route_of(walk.page.entry).path, path)) {
            page_separate(out, &is_first);
            write_operation(out, &walk.page);
        }
    }
}

int documents_openapi(const struct snapshot *snapshot, struct buf *out)
{
    buf_append_text(out, head);
    buf_append_text(out, components);
    buf_append_text(out, "\"paths\":{");
    buf_append_text(out, host_paths);
    struct page_walk walk = page_walk_over(snapshot, ENTRY_ROUTE);
    while (page_walk_next(&walk)) {
        if (!is_written(snapshot, walk.page.entry)) {
            struct bytes path = route_of(walk.page.entry).path;
            buf_append_char(out, ',');
            write_path(out, path);
            buf_append_text(out, ":{");
            write_operations(out, snapshot, path);
            buf_append_char(out, '}');
        }
    }
    buf_append_text(out, "}}");
    return out->err;
}
