/* A server and its clients on one thread, with the clock in our hands. */
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/loop/loop.h"
#include "host/net/server.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUTBOX_MAX 65536
#define TEXT_MAX 4096

static struct loop *loop;
static struct server *server;
static struct frame *reset;
static struct conn *conn; /* the newest */
static struct http_request *asked;
static uint16_t port;
static int opened;
static int closed;
static int messages;
static bool is_freed;
static char last_message[TEXT_MAX];

static int upgrade_cb(void *ctx, const char *token, const char *address)
{
    (void)ctx;
    assert_string_equal(address, "127.0.0.1");
    return token != NULL && strcmp(token, "bad") == 0 ? 401 : 0;
}

static void opened_cb(void *ctx, struct conn *new_conn)
{
    (void)ctx;
    conn = new_conn;
    opened++;
}

static void message_cb(struct conn *from, struct bytes text)
{
    assert_ptr_equal(from, conn);
    assert_true(text.len < TEXT_MAX);
    memcpy(last_message, text.data, text.len);
    last_message[text.len] = '\0';
    messages++;
    if (bytes_equal_text(text, "pause")) {
        conn_pause(conn, true);
    }
}

static void closed_cb(struct conn *gone)
{
    assert_non_null(gone->ops);
    closed++;
}

static void request_cb(void *ctx, struct http_request *request)
{
    (void)ctx;
    asked = request;
}

static void setup(void)
{
    clock_test_start(1700000000000);
    loop = loop_new();
    reset = frame_new(BYTES("RESET"), FRAME_ANSWER);
    opened = closed = messages = 0;
    is_freed = false;
    asked = NULL;
    int fd = -1;
    assert_int_equal(server_reserve("127.0.0.1", 0, &fd, &port), 0);
    struct server_options options = {
        .address = "127.0.0.1",
        .port = port,
        .message_bytes_max = 1024,
        .outbox_bytes_max = OUTBOX_MAX,
        .connections_max = 4,
        .ping_idle_s = 25,
        .silence_s_max = 60,
        .slow_s_max = 30,
        .reset_frame = reset,
        .conn = {NULL, upgrade_cb, opened_cb, message_cb, closed_cb},
        .http = {NULL, request_cb},
    };
    assert_int_equal(server_new(&server, loop, &options), 0);
    close(fd);
}

static void freed_cb(void *ctx)
{
    *(bool *)ctx = true;
}

static void teardown(void)
{
    server_free(server, freed_cb, &is_freed);
    while (!is_freed) {
        loop_turn(loop, 10);
    }
    assert_int_equal(closed, opened);
    loop_free(loop); /* which CHECKs that every handle is closed */
    frame_release(reset);
    clock_test_stop();
}

static void pass_s(int seconds)
{
    for (int i = 0; i < seconds * 4; i++) {
        clock_test_advance(250);
        loop_turn(loop, 0);
    }
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int small = 131072;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    int status = connect(fd, (struct sockaddr *)&address, sizeof(address));
    assert_true(status == 0 || errno == EINPROGRESS);
    return fd;
}

static void put(int fd, const char *data, size_t len)
{
    size_t sent = 0;
    while (sent < len) {
        ssize_t n = send(fd, data + sent, len - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        loop_turn(loop, n > 0 ? 0 : 1);
    }
}

static void put_text(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

/* Reads until len bytes or the end; returns how many. */
static size_t get(int fd, char *out, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = recv(fd, out + got, len - got, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            break;
        }
        if (n < 0) {
            loop_turn(loop, 1);
            continue;
        }
        got += (size_t)n;
    }
    return got;
}

static void get_text(int fd, const char *expected)
{
    char got[TEXT_MAX];
    size_t len = strlen(expected);
    assert_int_equal(get(fd, got, len), len);
    assert_memory_equal(got, expected, len);
}

static int open_ws(void)
{
    int fd = dial();
    put_text(fd,
             "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    get_text(fd,
             "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
             "connection: Upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    return fd;
}

/* A masked frame with a mask of zeros. */
static void put_frame(int fd, int opcode, const char *payload)
{
    char frame[200] = {(char)(0x80 | opcode), (char)(0x80 | strlen(payload))};
    memcpy(frame + 6, payload, strlen(payload));
    put(fd, frame, 6 + strlen(payload));
}

static void wait_closed(int count)
{
    while (closed < count) {
        loop_turn(loop, 10);
    }
}

TEST(server, a_silent_peer_is_pinged_after_25_s_and_dropped_after_60)
{
    setup();
    int fd = open_ws();
    char byte;
    pass_s(24);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    pass_s(2);
    get_text(fd, (const char[]){(char)0x89, 0, 0});
    assert_int_equal(get(fd, &byte, 0), 0);
    pass_s(33);
    assert_int_equal(server_connections(server), 1);
    pass_s(3);
    wait_closed(1);
    assert_int_equal(server_connections(server), 0);
    close(fd);
    teardown();
}

TEST(server, any_traffic_keeps_a_peer_alive)
{
    setup();
    int fd = open_ws();
    char byte;
    for (int i = 0; i < 10; i++) {
        pass_s(20);
        put_frame(fd, 9, "x");
        get_text(fd, "\x8a\x01x"); /* and not our ping */
    }
    pass_s(20);
    assert_int_equal(server_connections(server), 1);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    close(fd);
    wait_closed(1);
    teardown();
}

static void send_event(char fill, enum frame_class frame_class)
{
    static char text[1000];
    memset(text, fill, sizeof(text));
    struct frame *frame = frame_new((struct bytes){text, sizeof(text)}, frame_class);
    conn_send(conn, frame);
    frame_release(frame);
    loop_turn(loop, 0);
}

TEST(server, a_slow_consumer_gets_one_reset_and_then_events_again)
{
    setup();
    int fd = open_ws();
    for (int i = 0; i < 10000; i++) {
        send_event('e', FRAME_EVENT);
    }
    static char got[12000000];
    size_t len = 0;
    while (len < 7 || memcmp(got + len - 5, "RESET", 5) != 0) {
        ssize_t n = recv(fd, got + len, sizeof(got) - len, 0);
        len += n > 0 ? (size_t)n : 0;
        loop_turn(loop, n > 0 ? 0 : 1);
    }
    assert_true(len < 10000000); /* much was dropped */
    assert_int_equal((len - 7) % 1004, 0);
    assert_null(memmem(got, len - 7, "RESET", 5));
    send_event('n', FRAME_EVENT);
    get_text(fd, "\x81\x7e\x03\xe8nnn");
    close(fd);
    wait_closed(1);
    teardown();
}

TEST(server, who_can_not_be_told_of_the_reset_for_30_s_is_closed)
{
    setup();
    int fd = open_ws();
    for (int i = 0; i < 10000; i++) {
        send_event('e', FRAME_EVENT);
    }
    put_frame(fd, 10, "");
    pass_s(29);
    assert_int_equal(closed, 0);
    pass_s(10); /* the close frame can't be written either */
    wait_closed(1);
    close(fd);
    teardown();
}

TEST(server, a_paused_connection_is_not_read_until_it_goes_on)
{
    setup();
    int fd = open_ws();
    put_frame(fd, 1, "pause");
    put_frame(fd, 1, "second");
    put_frame(fd, 1, "third");
    loop_turn(loop, 0);
    assert_int_equal(messages, 1);
    conn_pause(conn, false);
    while (messages < 3) {
        loop_turn(loop, 10);
    }
    assert_string_equal(last_message, "third");
    close(fd);
    wait_closed(1);
    teardown();
}

TEST(server, our_close_comes_after_what_was_queued_and_waits_for_the_peers)
{
    setup();
    int fd = open_ws();
    struct frame *frame = frame_new(BYTES("last"), FRAME_ANSWER);
    conn_send(conn, frame);
    frame_release(frame);
    conn_close(conn, CLOSE_REPLACED, BYTES("newer"));
    conn_close(conn, CLOSE_NORMAL, BYTES("ignored"));
    get_text(fd, "\x81\x04last\x88\x07\x11\x39newer");
    assert_int_equal(closed, 0);
    put_frame(fd, 8, "\x11\x39");
    char byte;
    assert_int_equal(get(fd, &byte, 1), 0);
    close(fd);
    wait_closed(1);
    teardown();
}

TEST(server, a_peer_that_never_answers_our_close_is_dropped_after_5_s)
{
    setup();
    int fd = open_ws();
    conn_close(conn, CLOSE_UNAUTHENTICATED, BYTES_NONE);
    get_text(fd, "\x88\x02\x11\x31");
    pass_s(4);
    assert_int_equal(closed, 0);
    pass_s(3);
    wait_closed(1);
    close(fd);
    teardown();
}

TEST(server, drain_tells_each_connection_when_to_come_back)
{
    setup();
    int fd = open_ws();
    char head[4];
    char digits[16] = "";
    server_drain(server, 1000);
    assert_int_equal(get(fd, head, 4), 4);
    assert_memory_equal(head, "\x88", 1);
    assert_memory_equal(head + 2, "\x03\xe9", 2);
    size_t len = (size_t)head[1] - 2;
    assert_in_range(len, 1, 4);
    assert_int_equal(get(fd, digits, len), len);
    assert_int_equal(strspn(digits, "0123456789"), len);
    assert_in_range(strtol(digits, NULL, 10), 0, 1000);
    put_frame(fd, 8, "\x03\xe9");
    close(fd);
    wait_closed(1);
    assert_int_equal(server_connections(server), 0);
    teardown();
}

TEST(server, connections_over_the_limit_are_closed_at_once)
{
    setup();
    int fds[5];
    char byte;
    for (int i = 0; i < 4; i++) {
        fds[i] = open_ws();
    }
    fds[4] = dial();
    assert_int_equal(get(fds[4], &byte, 1), 0);
    assert_int_equal(server_connections(server), 4);
    for (int i = 0; i < 5; i++) {
        close(fds[i]);
    }
    teardown();
}

TEST(http, an_answer_may_come_later_and_the_connection_goes_on)
{
    setup();
    int fd = dial();
    put_text(fd, "GET /one HTTP/1.1\r\nHost: h\r\n\r\nHEAD /two HTTP/1.1\r\nHost: h\r\n\r\n");
    while (asked == NULL) {
        loop_turn(loop, 10);
    }
    loop_turn(loop, 0);
    assert_string_equal(http_path(asked), "/one"); /* the second waits */
    struct http_header header = {"x-a", "b"};
    struct http_request *first = asked;
    asked = NULL;
    http_answer(first, 200, &header, 1, BYTES("body"));
    get_text(fd, "HTTP/1.1 200 OK\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\nx-a: b\r\n"
                 "content-length: 4\r\n\r\nbody");
    while (asked == NULL) {
        loop_turn(loop, 10);
    }
    assert_string_equal(http_method(asked), "HEAD");
    http_answer(asked, 404, NULL, 0, BYTES("not shown"));
    get_text(fd, "HTTP/1.1 404 Not Found\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
                 "content-length: 9\r\n\r\n");
    close(fd);
    teardown();
}

TEST(http, a_body_over_the_limit_is_refused_before_it_is_read)
{
    setup();
    int fd = dial();
    put_text(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1025\r\n\r\n");
    get_text(fd, "HTTP/1.1 413 Content Too Large\r\n");
    assert_null(asked);
    close(fd);
    teardown();
}

TEST(http, a_body_comes_whole_however_it_was_cut)
{
    setup();
    int fd = dial();
    put_text(fd, "PUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
    get_text(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    put_text(fd, "abc");
    assert_null(asked);
    put_text(fd, "def");
    while (asked == NULL) {
        loop_turn(loop, 10);
    }
    assert_true(bytes_equal_text(http_body(asked), "abcdef"));
    http_answer(asked, 204, NULL, 0, BYTES_NONE);
    get_text(fd, "HTTP/1.1 204 No Content\r\n");
    close(fd);
    teardown();
}

TEST(http, an_answer_to_a_client_that_left_is_dropped)
{
    setup();
    int fd = dial();
    put_text(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    while (asked == NULL) {
        loop_turn(loop, 10);
    }
    close(fd);
    teardown(); /* with the request still open */
    assert_string_equal(http_path(asked), "/");
    http_answer(asked, 200, NULL, 0, BYTES("too late"));
}

TEST(http, a_head_that_does_not_end_is_given_20_s)
{
    setup();
    int fd = dial();
    put_text(fd, "GET / HTTP/1.1\r\nHo");
    pass_s(10);
    put_text(fd, "st: h");
    pass_s(9);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    pass_s(2);
    get_text(fd, "HTTP/1.1 408 Request Timeout\r\n");
    close(fd);
    teardown();
}

TEST(server, tls_files_that_do_not_load_leave_nothing_on_the_loop)
{
    loop = loop_new();
    struct server_options options = {
        .address = "127.0.0.1",
        .tls_cert_path = "/nowhere/cert.pem",
        .tls_key_path = "/nowhere/key.pem",
        .connections_max = 4,
    };
    assert_int_equal(server_new(&server, loop, &options), ERR_INVALID);
    loop_free(loop);
}

TEST(server, a_port_in_use_and_a_wrong_address_are_told_apart)
{
    setup();
    int fd;
    uint16_t taken;
    assert_int_equal(server_reserve("127.0.0.1", port, &fd, &taken), ERR_BUSY);
    assert_int_equal(server_reserve("localhost", 0, &fd, &taken), ERR_INVALID);
    teardown();
}

TEST_MAIN
