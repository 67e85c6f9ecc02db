/* The table of sdk/protocol.md, section 3. */
#include "host/session/session_private.h"

static const struct row {
    enum rpc_code code;
    int http_status;
    const char *type;
    const char *message;
} rows[] = {
    {RPC_PARSE_ERROR, 400, "parse_error", "Parse error"},
    {RPC_INVALID_REQUEST, 400, "invalid_request", "Invalid Request"},
    {RPC_METHOD_NOT_FOUND, 404, "method_not_found", "Method not found"},
    {RPC_INVALID_PARAMS, 400, "invalid_params", "Invalid params"},
    {RPC_UNAUTHENTICATED, 401, "unauthenticated", "Log in first"},
    {RPC_FORBIDDEN, 403, "forbidden", "Not allowed"},
    {RPC_NOT_FOUND, 404, "not_found", "Not found"},
    {RPC_TIMEOUT, 504, "timeout", "It took too long"},
    {RPC_CONFLICT, 409, "conflict", "In conflict with what is there"},
    {RPC_TOO_LARGE, 413, "too_large", "Too large"},
    {RPC_REJECTED, 422, "rejected", "Rejected"},
    {RPC_RATE_LIMITED, 429, "rate_limited", "Too many calls"},
    {RPC_UNAVAILABLE, 503, "unavailable", "Not available now"},
    {RPC_PLUGIN_ERROR, 500, "plugin_error", "A plugin failed"},
    {RPC_INTERNAL, 500, "internal", "Internal error"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

size_t rpc_rows(void)
{
    return ROWS;
}

size_t rpc_row(enum rpc_code code)
{
    size_t row = 0;
    while (row < ROWS - 1 && rows[row].code != code) {
        row++;
    }
    return row;
}

const char *rpc_row_type(size_t row)
{
    return rows[row].type;
}

const char *rpc_type(enum rpc_code code)
{
    return rows[rpc_row(code)].type;
}

const char *rpc_message(enum rpc_code code)
{
    return rows[rpc_row(code)].message;
}

int rpc_http_status(enum rpc_code code)
{
    return rows[rpc_row(code)].http_status;
}

enum rpc_code rpc_code_of(struct bytes type)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (bytes_equal_text(type, rows[i].type)) {
            return rows[i].code;
        }
    }
    return (enum rpc_code)0;
}
