/* The OpenRPC document: every method and event of the plugins that serve now. */
#include "lua/documents.h"

#include "lua/documents_private.h"

static const struct {
    enum rpc_code code;
    const char *message;
} errors[] = {
    {RPC_INVALID_PARAMS, "A parameter is missing or wrong; data.path says which."},
    {RPC_UNAUTHENTICATED, "Open a session first."},
    {RPC_FORBIDDEN, "Not allowed."},
    {RPC_NOT_FOUND, "There is no such thing, for you."},
    {RPC_TIMEOUT, "It took too long; it may have happened."},
    {RPC_CONFLICT, "It contradicts what is stored."},
    {RPC_TOO_LARGE, "Over a size limit."},
    {RPC_REJECTED, "A plugin refused it."},
    {RPC_RATE_LIMITED, "Too fast; data.retryAfterMs says when to try again."},
    {RPC_UNAVAILABLE, "Not now; nothing happened."},
    {RPC_PLUGIN_ERROR, "A plugin has a bug."},
};
#define ERRORS (sizeof(errors) / sizeof(errors[0]))

static void write_errors(struct buf *out)
{
    for (size_t i = 0; i < ERRORS; i++) {
        const char *type = rpc_type(errors[i].code);
        buf_append_format(out, "%s\"%s\":{\"code\":%d,\"message\":", i ? "," : "", type,
                          (int)errors[i].code);
        json_write_string(out, bytes_of(errors[i].message));
        buf_append_format(out, ",\"data\":{\"type\":\"%s\"}}", type);
    }
}

static void write_error_list(struct buf *out)
{
    for (size_t i = 0; i < ERRORS; i++) {
        buf_append_format(out, "%s{\"$ref\":\"#/components/errors/%s\"}", i ? "," : "",
                          rpc_type(errors[i].code));
    }
}

/* What a method and an event have in common. */
static void write_head(struct buf *out, const struct page *page)
{
    buf_append_text(out, "{\"name\":");
    json_write_string(out, bytes_of(page->entry->name));
    page_write_summary(out, page);
    buf_append_text(out, ",\"tags\":[{\"name\":");
    json_write_string(out, bytes_of(page->generation->bundle->manifest->name));
    buf_append_text(out, "}],\"paramStructure\":\"by-name\",\"params\":");
    page_write_members(out, page, "params", "");
    if (page_option(page, "params")) { /* by member a union or an open object says less */
        buf_append_text(out, ",\"x-params\":");
        page_write_schema(out, page, "params");
    }
}

static void write_method(struct buf *out, const struct page *page)
{
    write_head(out, page);
    buf_append_text(out, ",\"result\":{\"name\":\"result\",\"schema\":");
    page_write_schema(out, page, "result");
    buf_append_text(out, "},\"errors\":[");
    write_error_list(out);
    buf_append_format(out, "],\"x-auth\":%s}", page->entry->is_open ? "false" : "true");
}

static void write_methods(struct buf *out, const struct snapshot *snapshot)
{
    buf_append_text(out, "{\"name\":\"rpc.discover\",\"summary\":\"This document.\","
                         "\"tags\":[{\"name\":\"host\"}],\"paramStructure\":\"by-name\","
                         "\"params\":[],\"result\":{\"name\":\"result\","
                         "\"schema\":{\"type\":\"object\"}},\"errors\":[],\"x-auth\":false}");
    struct page_walk walk = page_walk_over(snapshot, ENTRY_METHOD);
    while (page_walk_next(&walk)) {
        buf_append_char(out, ',');
        write_method(out, &walk.page);
    }
}

static void write_events(struct buf *out, const struct snapshot *snapshot)
{
    struct page_walk walk = page_walk_over(snapshot, ENTRY_EVENT);
    bool is_first = true;
    while (page_walk_next(&walk)) {
        page_separate(out, &is_first);
        write_head(out, &walk.page);
        buf_append_char(out, '}');
    }
}

int documents_openrpc(const struct snapshot *snapshot, struct buf *out)
{
    buf_append_text(out,
                    "{\"openrpc\":\"1.3.2\",\"info\":{\"title\":\"ChatterMesh\","
                    "\"version\":\"1\",\"description\":\"The methods and events of the plugins "
                    "that are loaded.\"},\"servers\":["
                    "{\"name\":\"websocket\",\"url\":\"/ws\"},"
                    "{\"name\":\"http\",\"url\":\"/rpc\"}],\"methods\":[");
    write_methods(out, snapshot);
    buf_append_text(out, "],\"components\":{\"errors\":{");
    write_errors(out);
    buf_append_text(out, "}},\"x-events\":[");
    write_events(out, snapshot);
    buf_append_text(out, "]}");
    return out->err;
}
