/* The head of an HTTP request, and what is asked of one that was read. */
#include "host/base/check.h"
#include "host/base/mem.h"
#include "host/net/http_head.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(const char *text, const char *start, size_t len)
{
    return text >= start && text < start + len && memchr(text, '\0', len) != NULL;
}

static void check_query(struct bytes query)
{
    static const char *const names[] = {"a", "limit", "chatId", ""};
    char value[32];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        long len = http_query_value(query, names[i], value, sizeof(value));
        CHECK(len < (long)sizeof(value));
    }
}

static void check_head(const struct http_head *head, const char *text, size_t len)
{
    CHECK(head->method[0] != '\0' && strlen(head->method) <= HTTP_METHOD_MAX);
    CHECK(head->path[0] == '/' || strcmp(head->path, "*") == 0);
    CHECK(strstr(head->path, "/../") == NULL);
    CHECK(head->headers_count <= HTTP_HEAD_HEADERS_MAX);
    CHECK(head->has_length || head->content_length == 0);
    for (size_t i = 0; i < head->headers_count; i++) {
        CHECK(is_inside(head->headers[i].name, text, len + 1));
        CHECK(is_inside(head->headers[i].value, text, len + 1));
        CHECK(strpbrk(head->headers[i].value, "\r\n") == NULL);
        CHECK(http_head_get(head, head->headers[i].name) != NULL);
        CHECK(http_head_count(head, head->headers[i].name) >= 1);
    }
    CHECK(!head->has_length || http_head_count(head, "transfer-encoding") == 0);
    (void)http_head_has_token(head, "connection", "upgrade");
    (void)http_head_bearer(head);
    check_query(head->query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {(const char *)data, size};
    check_query(in);
    size_t len = http_head_len(in);
    CHECK(len <= size);
    if (len == 0) {
        return 0;
    }
    char *text = mem_copy_text(in.data, len);
    struct http_head head;
    int status = http_head_read(&head, text, len);
    if (status) {
        CHECK(status >= 400 && status <= 505);
    } else {
        check_head(&head, text, len);
    }
    mem_free(text);
    return 0;
}
