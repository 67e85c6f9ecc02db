/* The server's end is a plain socket here: connecting needs nobody to accept yet. */
#include "host/base/err.h"
#include "host/control.h"
#include "host/control_client.h"
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[512];
static char message[1024];
static int listener = -1;

static void make_folder(const char *inner)
{
    char base[] = "/tmp/control_client.XXXXXX";
    assert_non_null(mkdtemp(base));
    snprintf(folder, sizeof(folder), "%s/%s", base, inner);
    assert_int_equal(mkdir(folder, 0700), 0);
}

static void listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", CONTROL_SOCKET);
    char before[512];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder), 0);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(chdir(before), 0);
}

static void clean(void)
{
    char path[600];
    if (listener >= 0) {
        close(listener);
        listener = -1;
    }
    snprintf(path, sizeof(path), "%s/%s", folder, CONTROL_SOCKET);
    unlink(path);
    rmdir(folder);
    *strrchr(folder, '/') = '\0';
    rmdir(folder);
}

TEST(control_client, without_a_server_it_says_how_to_start_one)
{
    struct control_client *client;
    make_folder("data");
    assert_int_equal(control_client_new(&client, folder, message, sizeof(message)), ERR_NOT_FOUND);
    assert_non_null(strstr(message, "chattermesh serve"));
    assert_non_null(strstr(message, folder));
    clean();
}

TEST(control_client, a_socket_that_nobody_listens_to_is_no_server)
{
    struct control_client *client;
    make_folder("data");
    listen_here();
    close(listener);
    listener = -1;
    assert_int_equal(control_client_new(&client, folder, message, sizeof(message)), ERR_NOT_FOUND);
    clean();
}

static void talk(void)
{
    struct control_client *client;
    struct bytes line;
    char asked[256] = "";
    assert_int_equal(control_client_new(&client, folder, message, sizeof(message)), 0);
    int peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(control_client_ask(client, "user \"add\"", BYTES("{\"a\":1}")), 0);
    assert_true(read(peer, asked, sizeof(asked) - 1) > 0);
    assert_string_equal(asked, "{\"id\":1,\"command\":\"user \\\"add\\\"\",\"args\":{\"a\":1}}\n");
    /* Two lines at once and one in two pieces. */
    assert_int_equal(write(peer, "one\ntwo\nthr", 11), 11);
    assert_int_equal(control_client_next(client, &line), 0);
    assert_true(bytes_equal_text(line, "one"));
    assert_int_equal(control_client_next(client, &line), 0);
    assert_true(bytes_equal_text(line, "two"));
    assert_int_equal(write(peer, "ee\ncut", 6), 6);
    assert_int_equal(control_client_next(client, &line), 0);
    assert_true(bytes_equal_text(line, "three"));
    close(peer);
    assert_int_equal(control_client_next(client, &line), ERR_CLOSED);
    control_client_free(client);
}

TEST(control_client, lines_come_whole_and_the_end_is_told)
{
    make_folder("data");
    listen_here();
    talk();
    clean();
}

TEST(control_client, a_folder_may_have_a_longer_name_than_a_socket)
{
    char inner[200];
    memset(inner, 'x', sizeof(inner));
    inner[sizeof(inner) - 1] = '\0';
    make_folder(inner);
    listen_here();
    talk();
    clean();
}

TEST_MAIN
