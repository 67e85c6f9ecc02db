#include "host/cli/chat_link.h"
#include "tests/unit/unit.h"

static struct chat_link_address address;

static void gives(const char *url, const char *host, int port, const char *path, bool is_secure)
{
    assert_true(chat_link_parse(&address, url));
    assert_string_equal(address.host, host);
    assert_int_equal(address.port, port);
    assert_string_equal(address.path, path);
    assert_int_equal(address.is_secure, is_secure);
}

TEST(chat_link, an_address_may_be_any_url_of_the_server)
{
    gives("http://127.0.0.1:8080", "127.0.0.1", 8080, "/ws", false);
    gives("http://127.0.0.1:8080/", "127.0.0.1", 8080, "/ws", false);
    gives("ws://localhost/ws", "localhost", 80, "/ws", false);
    gives("https://chat.example.org", "chat.example.org", 443, "/ws", true);
    gives("wss://chat.example.org:8443/deep/ws", "chat.example.org", 8443, "/deep/ws", true);
    gives("localhost:1234", "localhost", 1234, "/ws", false);
    gives("http://[::1]:8080", "::1", 8080, "/ws", false);
    gives("[::1]", "::1", 80, "/ws", false);
}

TEST(chat_link, what_is_no_address_is_refused)
{
    static const char *const wrong[] = {
        "",          "http://",      "gopher://x",  "http://x:0", "http://x:65536",
        "http://x:", "http://x:80a", "http://[::1", "[]:80",      "http://x:123456789",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (chat_link_parse(&address, wrong[i])) {
            fail_msg("'%s' was taken", wrong[i]);
        }
    }
}

TEST(chat_link, a_host_that_is_too_long_is_refused)
{
    char url[2 * LINK_HOST_BYTES_MAX];
    memset(url, 'a', sizeof(url));
    url[sizeof(url) - 1] = '\0';
    assert_false(chat_link_parse(&address, url));
}

TEST_MAIN
