#include "host/control_client.h"

#include "host/base/buf.h"
#include "host/base/err.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/control.h"
#include "host/loop/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 65536

struct control_client {
    int fd;
    struct buf in;
    size_t taken; /* bytes of in that were lent as the last line */
    int64_t next_id;
};

static int explain(int error, const char *folder, char *message, size_t message_size)
{
    if (error == ENOENT || error == ENOTDIR || error == ECONNREFUSED) {
        snprintf(message, message_size,
                 "no server is running on the data folder %s; start it with `chattermesh serve "
                 "--data %s`, or name another folder with --data",
                 folder, folder);
        return ERR_NOT_FOUND;
    }
    if (error == EACCES || error == EPERM) {
        snprintf(message, message_size,
                 "the data folder %s belongs to another user: only the server's own user may do "
                 "this",
                 folder);
        return ERR_DENIED;
    }
    snprintf(message, message_size, "can't reach the server on the data folder %s: %s", folder,
             strerror(error));
    return ERR_IO;
}

/* A path too long for a socket's address is named through the folder's descriptor. 0 or errno. */
static int connect_in(int fd, const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[4096];
    int folder_fd = -1;
    snprintf(path, sizeof(path), "%s/%s", folder, CONTROL_SOCKET);
    if (strlen(path) >= sizeof(address.sun_path)) {
        folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd < 0) {
            return errno;
        }
        snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", folder_fd, CONTROL_SOCKET);
    }
    memcpy(address.sun_path, path, strlen(path));
    int error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    if (folder_fd >= 0) {
        (void)close(folder_fd);
    }
    return error;
}

int control_client_new(struct control_client **out, const char *data_folder, char *message,
                       size_t message_size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = fd < 0 ? errno : connect_in(fd, data_folder);
    if (error) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return explain(error, data_folder, message, message_size);
    }
    struct control_client *client = mem_alloc(sizeof(*client));
    client->fd = fd;
    client->next_id = 1;
    buf_open(&client->in, CONTROL_CLIENT_LINE_MAX);
    *out = client;
    return 0;
}

void control_client_free(struct control_client *client)
{
    (void)close(client->fd);
    buf_close(&client->in);
    mem_free(client);
}

static int send_whole(int fd, struct bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return ERR_CLOSED;
        }
        bytes.data += sent;
        bytes.len -= (size_t)sent;
    }
    return 0;
}

int control_client_ask(struct control_client *client, const char *command, struct bytes args)
{
    struct buf line;
    buf_open(&line, PIPE_LINE_MAX);
    buf_append_format(&line, "{\"id\":%lld,\"command\":", (long long)client->next_id++);
    json_write_string(&line, bytes_of(command));
    buf_append_text(&line, ",\"args\":");
    buf_append(&line, args);
    buf_append_text(&line, "}\n");
    int err = line.err ? line.err : send_whole(client->fd, buf_bytes(&line));
    explicit_bzero(line.data, line.len); /* a secret argument may be inside */
    buf_close(&line);
    return err;
}

int control_client_next(struct control_client *client, struct bytes *line)
{
    struct buf *in = &client->in;
    size_t searched = 0;
    if (client->taken > 0) {
        memmove(in->data, in->data + client->taken, in->len - client->taken);
    }
    in->len -= client->taken;
    client->taken = 0;
    for (;;) {
        const char *end =
            in->len > searched ? memchr(in->data + searched, '\n', in->len - searched) : NULL;
        if (end) {
            *line = (struct bytes){in->data, (size_t)(end - in->data)};
            client->taken = line->len + 1;
            return 0;
        }
        searched = in->len;
        char *room = buf_reserve(in, READ_BYTES);
        if (!room) {
            return in->err;
        }
        ssize_t got = read(client->fd, room, READ_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return ERR_CLOSED;
        }
        in->len += (size_t)got;
    }
}
