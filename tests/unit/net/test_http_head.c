#include "host/base/err.h"
#include "host/net/http_head.h"
#include "tests/unit/unit.h"

static char text[HTTP_HEAD_BYTES_MAX];
static struct http_head head;

static int read_text(const char *in)
{
    size_t len = strlen(in);
    assert_true(len < sizeof(text));
    memcpy(text, in, len + 1);
    assert_int_equal(http_head_len((struct bytes){text, len}), len);
    return http_head_read(&head, text, len);
}

TEST(http_head, reads_method_path_query_and_headers)
{
    assert_int_equal(read_text("PATCH /a%20b/%C3%A4?x=1&y HTTP/1.1\r\nHost: h\r\n"
                               "X-Thing:  spaced value \t\r\nContent-Length: 12\r\n\r\n"),
                     0);
    assert_string_equal(head.method, "PATCH");
    assert_string_equal(head.path, "/a b/ä");
    assert_true(bytes_equal_text(head.query, "x=1&y"));
    assert_string_equal(http_head_get(&head, "x-thing"), "spaced value");
    assert_null(http_head_get(&head, "x-other"));
    assert_int_equal(head.content_length, 12);
    assert_true(head.keeps_alive);
}

TEST(http_head, is_not_whole_before_its_empty_line)
{
    assert_int_equal(http_head_len(BYTES("GET / HTTP/1.1\r\nHost: h\r\n")), 0);
    assert_int_equal(http_head_len(BYTES("GET / HTTP/1.1\r\n\r\nrest")), 18);
    assert_int_equal(http_head_len(BYTES_NONE), 0);
}

TEST(http_head, what_two_servers_could_read_differently_is_refused)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%ff HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%2e%2e HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / FTP/1.1\r\nHost: h\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_text(bad[i]), 400);
    }
}

TEST(http_head, what_we_do_not_do_has_its_own_status)
{
    assert_int_equal(read_text("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
    assert_int_equal(read_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
                     411);
    assert_int_equal(read_text("VERYLONGMETHODNAME / HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
    static char long_path[HTTP_PATH_MAX + 100];
    memset(long_path, 'a', HTTP_PATH_MAX + 10);
    memcpy(long_path, "GET /", 5);
    memcpy(long_path + HTTP_PATH_MAX + 10, " HTTP/1.1\r\nHost: h\r\n\r\n", 23);
    assert_int_equal(read_text(long_path), 414);
    static char many[4096] = "GET / HTTP/1.1\r\nHost: h\r\n";
    size_t len = strlen(many);
    for (int i = 0; i < HTTP_HEAD_HEADERS_MAX; i++) {
        memcpy(many + len, "a: b\r\n", 7);
        len += 6;
    }
    memcpy(many + len, "\r\n", 3);
    assert_int_equal(read_text(many), 431);
}

TEST(http_head, whether_the_connection_stays_follows_the_version)
{
    assert_int_equal(read_text("GET / HTTP/1.0\r\n\r\n"), 0);
    assert_false(head.keeps_alive);
    assert_int_equal(read_text("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), 0);
    assert_true(head.keeps_alive);
    assert_int_equal(read_text("GET / HTTP/1.1\r\nHost: h\r\nConnection: te, close\r\n\r\n"), 0);
    assert_false(head.keeps_alive);
}

TEST(http_head, an_absolute_target_gives_its_path)
{
    assert_int_equal(read_text("GET http://h:80/a?b HTTP/1.1\r\nHost: h\r\n\r\n"), 0);
    assert_string_equal(head.path, "/a");
    assert_int_equal(read_text("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), 0);
    assert_string_equal(head.path, "*");
}

TEST(http_head, a_bearer_token_is_found_in_any_case_and_nothing_else_is_one)
{
    assert_int_equal(read_text("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: bearer abc\r\n\r\n"),
                     0);
    assert_string_equal(http_head_bearer(&head), "abc");
    assert_int_equal(read_text("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic abc\r\n\r\n"), 0);
    assert_null(http_head_bearer(&head));
}

TEST(http_query, values_are_decoded_and_bounded)
{
    char out[8];
    struct bytes query = BYTES("a=1&b=x%20y+z&empty=&flag&c=%zz&long=123456789");
    assert_int_equal(http_query_value(query, "a", out, sizeof(out)), 1);
    assert_string_equal(out, "1");
    assert_int_equal(http_query_value(query, "b", out, 7), ERR_TOO_LARGE);
    char larger[16];
    assert_int_equal(http_query_value(query, "b", larger, sizeof(larger)), 5);
    assert_string_equal(larger, "x y z");
    assert_int_equal(http_query_value(query, "empty", out, sizeof(out)), 0);
    assert_int_equal(http_query_value(query, "flag", out, sizeof(out)), 0);
    assert_int_equal(http_query_value(query, "c", out, sizeof(out)), ERR_SYNTAX);
    assert_int_equal(http_query_value(query, "long", out, sizeof(out)), ERR_TOO_LARGE);
    assert_int_equal(http_query_value(query, "none", out, sizeof(out)), ERR_NOT_FOUND);
    assert_int_equal(http_query_value(BYTES_NONE, "a", out, sizeof(out)), ERR_NOT_FOUND);
}

TEST_MAIN
