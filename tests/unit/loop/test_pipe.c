#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/loop/loop.h"
#include "host/loop/pipe.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/test-pipe-XXXXXX";
static char path[64];
static struct loop *loop;
static struct pipe_server *server;
static int lines;
static int closes;

/* Echoes; "flood" fills the peer's queue, "bye" ends. */
static void line_cb(void *ctx, struct pipe_peer *peer, struct bytes line)
{
    (void)ctx;
    lines++;
    if (bytes_equal_text(line, "bye")) {
        assert_int_equal(pipe_peer_send(peer, BYTES("until then")), 0);
        pipe_peer_close(peer);
    } else if (bytes_equal_text(line, "flood")) {
        static char megabyte[1024 * 1024];
        memset(megabyte, 'x', sizeof(megabyte));
        int err = 0;
        for (int i = 0; i < 8 && err == 0; i++) {
            err = pipe_peer_send(peer, (struct bytes){megabyte, sizeof(megabyte)});
        }
        assert_int_equal(err, ERR_FULL);
    } else {
        assert_int_equal(pipe_peer_send(peer, line), 0);
    }
}

static void closed_cb(void *ctx, struct pipe_peer *peer)
{
    (void)ctx;
    (void)peer;
    closes++;
}

static const struct pipe_events events = {.line = line_cb, .closed = closed_cb};

static void setup(void)
{
    lines = 0;
    closes = 0;
    memcpy(folder, "/tmp/test-pipe-XXXXXX", sizeof(folder));
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/s", folder);
    loop = loop_new();
    assert_int_equal(pipe_server_new(&server, loop, path, &events), 0);
}

static void teardown(void)
{
    pipe_server_free(server);
    loop_turn(loop, 0);
    loop_turn(loop, 0);
    assert_int_equal(rmdir(folder), 0);
    loop_free(loop);
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Turns until len bytes or the end have come. */
static size_t read_all(int fd, char *out, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = recv(fd, out + got, len - got, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            break;
        }
        if (n < 0) {
            loop_turn(loop, 10);
            continue;
        }
        got += (size_t)n;
    }
    return got;
}

TEST(pipe, lines_come_whole_however_they_were_cut)
{
    setup();
    int fd = dial();
    char out[16];
    assert_int_equal(send(fd, "on", 2, 0), 2);
    loop_turn(loop, 10);
    loop_turn(loop, 0);
    assert_int_equal(lines, 0);
    assert_int_equal(send(fd, "e\n\nthree\n", 9, 0), 9);
    assert_int_equal(read_all(fd, out, 11), 11);
    assert_memory_equal(out, "one\n\nthree\n", 11);
    assert_int_equal(lines, 3);
    close(fd);
    teardown();
}

TEST(pipe, the_socket_is_the_owners_only)
{
    setup();
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    teardown();
}

TEST(pipe, a_living_socket_is_busy_and_a_stale_one_is_replaced)
{
    setup();
    struct pipe_server *second = NULL;
    assert_int_equal(pipe_server_new(&second, loop, path, &events), ERR_BUSY);
    teardown();

    assert_non_null(mkdtemp(memcpy(folder, "/tmp/test-pipe-XXXXXX", sizeof(folder))));
    (void)snprintf(path, sizeof(path), "%s/s", folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd); /* leaves the file behind */
    loop = loop_new();
    assert_int_equal(pipe_server_new(&server, loop, path, &events), 0);
    teardown();
}

TEST(pipe, a_path_that_does_not_fit_is_too_large)
{
    char long_path[200];
    memset(long_path, 'a', sizeof(long_path));
    long_path[sizeof(long_path) - 1] = '\0';
    struct pipe_server *none = NULL;
    assert_int_equal(pipe_server_new(&none, NULL, long_path, &events), ERR_TOO_LARGE);
}

TEST(pipe, closing_writes_what_was_sent_first)
{
    setup();
    int fd = dial();
    char out[64];
    assert_int_equal(send(fd, "bye\nignored\n", 12, 0), 12);
    assert_int_equal(read_all(fd, out, sizeof(out)), 11);
    assert_memory_equal(out, "until then\n", 11);
    assert_int_equal(lines, 1);
    assert_int_equal(closes, 1);
    close(fd);
    teardown();
}

TEST(pipe, a_line_over_the_limit_ends_the_connection)
{
    setup();
    int fd = dial();
    static char big[PIPE_LINE_MAX + 2];
    memset(big, 'x', sizeof(big));
    size_t sent = 0;
    while (sent < sizeof(big) && closes == 0) {
        ssize_t n = send(fd, big + sent, sizeof(big) - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        loop_turn(loop, 0);
    }
    while (closes == 0) {
        loop_turn(loop, 10);
    }
    assert_int_equal(lines, 0);
    close(fd);
    teardown();
}

TEST(pipe, a_peer_that_does_not_read_is_closed_when_its_queue_is_full)
{
    setup();
    int fd = dial();
    assert_int_equal(send(fd, "flood\n", 6, 0), 6);
    while (closes == 0) {
        loop_turn(loop, 10);
    }
    assert_int_equal(lines, 1);
    close(fd);
    teardown();
}

TEST_MAIN
