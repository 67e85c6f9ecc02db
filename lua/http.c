/*
 * HTTP for plugins: /rpc, the API documents, and the routes that plugins
 * registered. Errors are RFC 9457 problem details.
 *
 *     runtime_worker_http -> (authenticate) -> rpc or route -> answer
 */
#include "lua/http.h"

#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/auth.h"
#include "lua/documents.h"
#include "lua/json.h"
#include "lua/method.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DOCUMENT_BYTES_MAX (8U << 20)
#define QUERY_NAME_MAX 64
#define QUERY_VALUE_MAX 2048

static const struct http_header json_type = {"content-type", "application/json"};

static void answer_failure(struct http_request *request, const struct failure *failure)
{
    http_answer_problem(request, rpc_http_status(failure->code), rpc_type(failure->code),
                        failure->message, &failure->data);
}

/* ---- who asks ---- */

struct visit {
    struct runtime_worker *worker;
    struct http_request *request;
    struct identity identity;
    bool is_known;
    const char *token;
};

static const char *bearer_of(const struct http_request *request)
{
    const char *header = http_header(request, "authorization");
    if (!header || strncasecmp(header, "Bearer ", 7) != 0) {
        return NULL;
    }
    header += 7;
    while (*header == ' ') {
        header++;
    }
    return *header && strlen(header) <= CONN_TOKEN_MAX ? header : NULL;
}

static struct caller caller_of(const struct visit *visit)
{
    struct caller caller = {
        .address = http_address(visit->request),
        .is_loopback = http_is_loopback(visit->request),
        .connection = CONNECTION_NONE,
        .token = visit->token,
    };
    if (visit->is_known) {
        caller.user_id = visit->identity.user_id;
        caller.device_id = visit->identity.device_id;
        caller.session_id = visit->identity.session_id;
    }
    return caller;
}

/* ---- /rpc ---- */

static void rpc_done(void *ctx, int status, struct bytes body)
{
    struct visit *visit = ctx;
    if (status == 401) {
        http_answer_problem(visit->request, 401, "unauthenticated", "a bearer token is needed",
                            NULL);
    } else {
        http_answer(visit->request, status, &json_type, status == 200 ? 1 : 0, body);
    }
    mem_free(visit);
}

static void rpc_visit(struct visit *visit)
{
    struct caller caller = caller_of(visit);
    rpc_http(visit->worker->desk, http_body(visit->request), &caller, rpc_done, visit);
}

/* ---- routes ---- */

static bool has_content(const char *type, const char *wanted)
{
    return type && strncasecmp(type, wanted, strlen(wanted)) == 0;
}

static bool is_integer(struct bytes text)
{
    size_t digits = text.len && text.data[0] == '-' ? 1 : 0;
    if (text.len == digits || text.len - digits > 18 ||
        (text.data[digits] == '0' && text.len - digits > 1)) {
        return false;
    }
    for (size_t i = digits; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return true;
}

/* One name=value as a member; what does not decode is left out, and the schema misses it. */
static void write_parameter(struct buf *out, struct bytes query, struct bytes pair,
                            const struct schema *schema)
{
    char name[QUERY_NAME_MAX];
    char value[QUERY_VALUE_MAX];
    const char *equals = memchr(pair.data, '=', pair.len);
    size_t len = equals ? (size_t)(equals - pair.data) : pair.len;
    if (len == 0 || len >= sizeof(name)) {
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)len, pair.data);
    long got = http_query_value(query, name, value, sizeof(value));
    if (got < 0) {
        return;
    }
    struct bytes text = {value, (size_t)got};
    const struct schema *property = schema ? schema_property(schema, bytes_of(name)) : NULL;
    if (out->len > 1) {
        buf_append_char(out, ',');
    }
    json_write_string(out, bytes_of(name));
    buf_append_char(out, ':');
    if (property && schema_wants_number(property) && is_integer(text)) {
        buf_append(out, text);
    } else {
        json_write_string(out, text);
    }
}

/* The request's query as a JSON object: numbers and booleans where the schema wants them. */
static void write_query(struct buf *out, const struct http_request *request,
                        const struct schema *schema)
{
    struct bytes query = http_query(request);
    buf_append_char(out, '{');
    for (size_t at = 0; at < query.len;) {
        const char *and = memchr(query.data + at, '&', query.len - at);
        size_t end = and? (size_t)(and-query.data) : query.len;
        write_parameter(out, query, (struct bytes){query.data + at, end - at}, schema);
        at = end + 1;
    }
    buf_append_char(out, '}');
}

static void push_headers(lua_State *L, const struct http_request *request)
{
    static const char *const names[] = {"content-type", "accept",     "if-none-match",
                                        "origin",       "user-agent", "range"};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = http_header(request, names[i]);
        if (value) {
            lua_pushstring(L, value);
            lua_setfield(L, -2, names[i]);
        }
    }
}

/* What the route's push needs: query and body as parsed documents. */
struct route_input {
    struct visit *visit;
    struct json_doc query;
    struct json_doc body;
    struct buf query_text;
    bool has_body;
    int64_t wait_ms; /* until the caller has a call again */
};

static int push_request(lua_State *L, struct event *event)
{
    const struct route_input *input = event->ctx;
    const struct http_request *request = input->visit->request;
    lua_createtable(L, 0, 6); /* request */
    lua_pushstring(L, http_method(request));
    lua_setfield(L, -2, "method");
    lua_pushstring(L, http_path(request));
    lua_setfield(L, -2, "path");
    json_push(L, &input->query, input->query.nodes);
    lua_setfield(L, -2, "query");
    if (input->has_body) {
        json_push(L, &input->body, input->body.nodes);
        lua_setfield(L, -2, "body");
    } else if (http_body(request).len) {
        lua_pushlstring(L, http_body(request).data, http_body(request).len);
        lua_setfield(L, -2, "body");
    }
    push_headers(L, request);
    lua_setfield(L, -2, "headers");
    size_t prefix = strlen(event->target->entry->name);
    if (event->target->entry->name[prefix - 1] == '*') {
        lua_pushstring(L, http_path(request) + (prefix - 2 - strlen(http_method(request))));
        lua_setfield(L, -2, "rest");
    }
    struct caller caller = caller_of(input->visit);
    event_push_caller(L, &caller);
    return 2;
}

static void input_free(struct route_input *input)
{
    json_close(&input->query);
    json_close(&input->body);
    buf_close(&input->query_text);
    mem_free(input->visit);
    mem_free(input);
}

static size_t read_headers(const struct json_doc *doc, struct http_header *headers,
                           char (*values)[512], char (*names)[64])
{
    const struct json_node *object = json_member(doc, doc->nodes, "headers");
    size_t count = 0;
    if (!object || object->type != JSON_OBJECT) {
        return 0;
    }
    for (const struct json_node *name = json_first(doc, object);
         name && count < HTTP_HEADERS_MAX - 1; name = json_next(doc, object, name + 1)) {
        const struct json_node *value = name + 1;
        if (value->type == JSON_STRING && value->size < 512 && name->size < 64) {
            snprintf(names[count], 64, "%.*s", (int)name->size, name->text);
            snprintf(values[count], 512, "%.*s", (int)value->size, value->text);
            headers[count] = (struct http_header){names[count], values[count]};
            count++;
        }
    }
    return count;
}

/* The handler's {status, headers, json | body} as it came out as JSON. */
static void answer_route(struct http_request *request, struct runtime_worker *worker)
{
    struct json_doc *doc = &worker->doc;
    struct http_header headers[HTTP_HEADERS_MAX];
    char values[HTTP_HEADERS_MAX][512];
    char names[HTTP_HEADERS_MAX][64];
    if (json_parse(doc, buf_bytes(&worker->out), NULL)) {
        http_answer_problem(request, 500, "internal", "the answer can't be sent", NULL);
        return;
    }
    const struct json_node *status = json_member(doc, doc->nodes, "status");
    const struct json_node *json = json_member(doc, doc->nodes, "json");
    const struct json_node *body = json_member(doc, doc->nodes, "body");
    size_t count = read_headers(doc, headers, values, names);
    int code =
        status && status->type == JSON_INTEGER && status->integer >= 200 && status->integer <= 599
            ? (int)status->integer
            : 200;
    struct buf out;
    buf_open(&out, HTTP_ANSWER_BYTES_MAX);
    if (json) {
        headers[count++] = json_type;
        json_write_node(&out, doc, json, false);
    } else if (body && body->type == JSON_STRING) {
        buf_append(&out, json_string(body));
    }
    http_answer(request, code, headers, count, buf_bytes(&out));
    buf_close(&out);
}

static void route_finish(struct event *event)
{
    struct route_input *input = event->ctx;
    struct http_request *request = input->visit->request;
    if (event->failure.code) {
        answer_failure(request, &event->failure);
    } else {
        answer_route(request, event->worker);
    }
    input_free(input);
}

static int check_body(struct route_input *input, const struct entry *entry, struct failure *failure)
{
    const struct http_request *request = input->visit->request;
    const char *type = http_header(request, "content-type");
    if (!entry->params) {
        return 0;
    }
    if (type && !has_content(type, "application/json")) {
        failure_set(failure, RPC_INVALID_PARAMS, "content-type application/json expected");
        return ERR_INVALID;
    }
    if (json_parse(&input->body, http_body(request), NULL)) {
        failure_set(failure, RPC_PARSE_ERROR, "the body is not JSON");
        return ERR_SYNTAX;
    }
    input->has_body = true;
    return method_check(entry->params, &input->body, input->body.nodes, failure);
}

static int check_request(struct route_input *input, const struct target *target,
                         struct failure *failure)
{
    const struct entry *entry = target->entry;
    struct caller caller = caller_of(input->visit);
    input->wait_ms = desk_take_call(input->visit->worker->desk, &caller);
    if (!input->wait_ms) {
        input->wait_ms = method_limit(input->visit->worker, entry, &caller);
    }
    if (input->wait_ms) {
        failure_set(failure, RPC_RATE_LIMITED, "too many requests");
        failure_add_integer(failure, "retryAfterMs", input->wait_ms);
        return ERR_FULL;
    }
    write_query(&input->query_text, input->visit->request, entry->query);
    int err = json_parse(&input->query, buf_bytes(&input->query_text), NULL);
    if (!err) {
        err = method_check(entry->query, &input->query, input->query.nodes, failure);
    }
    return err ? err : check_body(input, entry, failure);
}

static void route_visit(struct visit *visit)
{
    struct runtime_worker *worker = visit->worker;
    struct http_request *request = visit->request;
    struct snapshot *snapshot = worker_admit(worker);
    const struct target *target =
        snapshot ? snapshot_route(snapshot, http_method(request), http_path(request)) : NULL;
    struct route_input *input = mem_alloc(sizeof(*input));
    struct failure failure;
    input->visit = visit;
    input->wait_ms = 0;
    json_open(&input->query);
    json_open(&input->body);
    buf_open(&input->query_text, HTTP_QUERY_MAX * 7);
    failure_open(&failure);
    if (!target) {
        failure_set(&failure, RPC_NOT_FOUND, "no such path");
    } else if (!target->entry->is_open && !visit->is_known) {
        failure_set(&failure, RPC_UNAUTHENTICATED, "a bearer token is needed");
    } else if (check_request(input, target, &failure) && !failure.code) {
        failure_set(&failure, RPC_INVALID_PARAMS, "the query can't be read");
    }
    if (failure.code) {
        if (input->wait_ms) {
            http_answer_limited(request, &failure, desk_calls_burst(worker->desk), input->wait_ms);
        } else {
            answer_failure(request, &failure);
        }
        input_free(input);
        failure_close(&failure);
        if (snapshot) {
            worker_leave(worker, snapshot);
        }
        return;
    }
    failure_close(&failure);
    struct event *event = event_new(worker, snapshot, target);
    event->request = request;
    event->push = push_request;
    event->take = TAKE_ROUTE;
    event->finish = route_finish;
    event->ctx = input;
    event_run(event);
}

/* ---- in ---- */

static bool is_rpc(const struct http_request *request)
{
    return strcmp(http_path(request), "/rpc") == 0;
}

static void visit_go(struct visit *visit)
{
    if (is_rpc(visit->request)) {
        rpc_visit(visit);
    } else {
        route_visit(visit);
    }
}

static void visit_known(void *ctx, const struct identity *identity, const struct failure *failure)
{
    struct visit *visit = ctx;
    /* A bad token stands in the way of those calls only that need one: who refreshes has an old
     * one. */
    bool is_stranger = failure && failure->code == RPC_UNAUTHENTICATED && is_rpc(visit->request);
    if (failure && !is_stranger) {
        answer_failure(visit->request, failure);
        mem_free(visit);
        return;
    }
    if (!failure) {
        visit->identity = *identity;
        visit->is_known = true;
    }
    visit_go(visit);
}

static void answer_document(struct runtime_worker *worker, struct http_request *request,
                            int (*write)(const struct snapshot *, struct buf *))
{
    struct snapshot *snapshot = worker_admit(worker);
    struct buf out;
    buf_open(&out, DOCUMENT_BYTES_MAX);
    if (snapshot && write(snapshot, &out) == 0) {
        http_answer(request, 200, &json_type, 1, buf_bytes(&out));
    } else {
        http_answer_problem(request, 503, "unavailable", "the server is starting", NULL);
    }
    buf_close(&out);
    if (snapshot) {
        worker_leave(worker, snapshot);
    }
}

static bool is_route(struct runtime_worker *worker, const struct http_request *request)
{
    const struct snapshot *snapshot = atomic_load(&worker->runtime->current);
    return snapshot && snapshot_route(snapshot, http_method(request), http_path(request));
}

bool runtime_worker_http(struct runtime_worker *worker, struct http_request *request)
{
    const char *path = http_path(request);
    bool is_get = strcmp(http_method(request), "GET") == 0;
    if (is_get && strcmp(path, "/openrpc.json") == 0) {
        answer_document(worker, request, documents_openrpc);
        return true;
    }
    if (is_get && strcmp(path, "/openapi.json") == 0) {
        answer_document(worker, request, documents_openapi);
        return true;
    }
    if (is_rpc(request) && strcmp(http_method(request), "POST") != 0) {
        http_answer_problem(request, 405, "method_not_allowed", "POST expected", NULL);
        return true;
    }
    if (!is_rpc(request) && !is_route(worker, request)) {
        return false;
    }
    struct visit *visit = mem_alloc(sizeof(*visit));
    visit->worker = worker;
    visit->request = request;
    visit->token = bearer_of(request);
    if (visit->token) {
        auth_bearer(worker, visit->token, http_address(request), visit_known, visit);
    } else if (http_header(request, "authorization") && !is_rpc(request)) {
        http_answer_problem(request, 401, "unauthenticated", "a bearer token is needed", NULL);
        mem_free(visit);
    } else {
        visit_go(visit);
    }
    return true;
}
