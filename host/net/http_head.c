#include "host/net/http_head.h"

#include "host/base/err.h"
#include "host/base/utf8.h"

#include <string.h>
#include <strings.h>

static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

size_t http_head_len(struct bytes in)
{
    const char *end = in.len < 4 ? NULL : memmem(in.data, in.len, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - in.data) + 4;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

long http_percent_decode(char *text, size_t len, bool plus_is_space)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = len - i > 2 ? hex_value(text[i + 1]) : -1;
            int low = len - i > 2 ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return ERR_SYNTAX;
            }
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        text[out++] = c;
    }
    return (long)out;
}

/* Cuts the line at text and returns the next one. A bare CR or a NUL makes it NULL. */
static char *cut_line(char *text, char *end)
{
    char *line_end = memmem(text, (size_t)(end - text), "\r\n", 2);
    if (line_end == NULL || memchr(text, '\0', (size_t)(line_end - text)) != NULL ||
        memchr(text, '\r', (size_t)(line_end - text)) != NULL ||
        memchr(text, '\n', (size_t)(line_end - text)) != NULL) {
        return NULL;
    }
    *line_end = '\0';
    return line_end + 2;
}

static bool has_dot_segment(const char *path)
{
    for (const char *at = strstr(path, "/."); at != NULL; at = strstr(at + 1, "/.")) {
        size_t dots = strspn(at + 1, ".");
        if (dots <= 2 && (at[1 + dots] == '/' || at[1 + dots] == '\0')) {
            return true;
        }
    }
    return false;
}

static int read_target(struct http_head *out, char *target)
{
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        target = strchr(strchr(target, ':') + 3, '/');
    }
    bool is_asterisk = target != NULL && strcmp(target, "*") == 0;
    if (target == NULL || (target[0] != '/' && !is_asterisk)) {
        return 400;
    }
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query++ = '\0';
        out->query = bytes_of(query);
    }
    size_t len = strlen(target);
    if (len > HTTP_PATH_MAX || out->query.len > HTTP_QUERY_MAX) {
        return 414;
    }
    long decoded = http_percent_decode(target, len, false);
    if (decoded < 0 || memchr(target, '\0', (size_t)decoded) != NULL ||
        !utf8_is_valid((struct bytes){target, (size_t)decoded})) {
        return 400;
    }
    target[decoded] = '\0';
    out->path = target;
    return has_dot_segment(target) ? 400 : 0;
}

static int read_request_line(struct http_head *out, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL) {
        return 400;
    }
    *target++ = '\0';
    *version++ = '\0';
    size_t method_len = strlen(line);
    if (method_len == 0 || strspn(line, token_chars) != method_len) {
        return 400;
    }
    if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8) {
        return 400;
    }
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        return 505;
    }
    if (method_len > HTTP_METHOD_MAX) {
        return 501;
    }
    out->method = line;
    out->is_1_0 = version[7] == '0';
    return read_target(out, target);
}

static int read_header(struct http_head *out, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || colon == line || strspn(line, token_chars) != (size_t)(colon - line)) {
        return 400;
    }
    if (out->headers_count == HTTP_HEAD_HEADERS_MAX) {
        return 431;
    }
    *colon = '\0';
    for (char *c = line; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
        value[--len] = '\0';
    }
    out->headers[out->headers_count++] = (struct http_header){line, value};
    return 0;
}

/* Digits only; nothing so long that it could overflow. */
static int read_content_length(struct http_head *out)
{
    const char *text = http_head_get(out, "content-length");
    if (text == NULL) {
        return 0;
    }
    size_t len = strlen(text);
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len ||
        http_head_count(out, "content-length") != 1) {
        return 400;
    }
    for (const char *c = text; *c != '\0'; c++) {
        out->content_length = out->content_length * 10 + (uint64_t)(*c - '0');
    }
    out->has_length = true;
    return 0;
}

/* What decides where this request ends and what comes after it. */
static int read_framing(struct http_head *out)
{
    size_t hosts = http_head_count(out, "host");
    if (hosts > 1 || (hosts == 0 && !out->is_1_0)) {
        return 400;
    }
    int status = read_content_length(out);
    if (status != 0) {
        return status;
    }
    if (http_head_get(out, "transfer-encoding") != NULL) {
        return out->has_length || out->is_1_0 ? 400 : 411; /* we want to know the length first */
    }
    out->keeps_alive = out->is_1_0 ? http_head_has_token(out, "connection", "keep-alive")
                                   : !http_head_has_token(out, "connection", "close");
    out->expects_continue = !out->is_1_0 && http_head_has_token(out, "expect", "100-continue");
    return 0;
}

int http_head_read(struct http_head *out, char *text, size_t len)
{
    char *end = text + len;
    *out = (struct http_head){.query = BYTES_NONE};
    char *line = text;
    char *next = cut_line(line, end);
    if (next == NULL) {
        return 400;
    }
    int status = read_request_line(out, line);
    while (status == 0) {
        line = next;
        next = cut_line(line, end);
        if (next == NULL) {
            return 400;
        }
        if (*line == '\0') {
            return read_framing(out);
        }
        status = read_header(out, line);
    }
    return status;
}

const char *http_head_get(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->headers_count; i++) {
        if (strcmp(head->headers[i].name, name) == 0) {
            return head->headers[i].value;
        }
    }
    return NULL;
}

size_t http_head_count(const struct http_head *head, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->headers_count; i++) {
        count += strcmp(head->headers[i].name, name) == 0;
    }
    return count;
}

static bool lists_token(const char *value, const char *token)
{
    size_t token_len = strlen(token);
    while (*value != '\0') {
        value += strspn(value, ", \t");
        size_t len = strcspn(value, ",");
        size_t trimmed = len;
        while (trimmed > 0 && (value[trimmed - 1] == ' ' || value[trimmed - 1] == '\t')) {
            trimmed--;
        }
        if (trimmed == token_len && strncasecmp(value, token, token_len) == 0) {
            return true;
        }
        value += len;
    }
    return false;
}

bool http_head_has_token(const struct http_head *head, const char *name, const char *token)
{
    for (size_t i = 0; i < head->headers_count; i++) {
        if (strcmp(head->headers[i].name, name) == 0 &&
            lists_token(head->headers[i].value, token)) {
            return true;
        }
    }
    return false;
}

const char *http_head_bearer(const struct http_head *head)
{
    const char *value = http_head_get(head, "authorization");
    size_t scheme = strlen("Bearer");
    if (value == NULL || strncasecmp(value, "Bearer", scheme) != 0 ||
        (value[scheme] != ' ' && value[scheme] != '\0')) {
        return NULL;
    }
    value += scheme;
    return value + strspn(value, " ");
}
