#include "host/cli/chat_profile.h"

#include "host/base/buf.h"
#include "host/base/err.h"
#include "host/base/json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 8192

/* Makes the folders above path that are missing. */
static int make_folders(const char *path)
{
    char folder[sizeof(((struct profile *)NULL)->path)];
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) {
            return err_from_errno(errno);
        }
        *slash = '/';
    }
    return 0;
}

static char plain(char c)
{
    bool is_plain = isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == ':';
    return is_plain ? (char)tolower((unsigned char)c) : '_';
}

/* A name that can't leave its folder. */
static void file_name(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s", name);
    for (char *c = out; *c; c++) {
        *c = plain(*c);
    }
    if (out[0] == '.') {
        out[0] = '_';
    }
}

static void take(char out[PROFILE_TEXT_MAX], const struct json_doc *doc, const char *name)
{
    const struct json_node *node = json_member(doc, doc->nodes, name);
    if (node && node->type == JSON_STRING && node->size < PROFILE_TEXT_MAX) {
        memcpy(out, node->text, node->size);
        out[node->size] = '\0';
    }
}

static void load(struct profile *profile)
{
    char text[FILE_BYTES_MAX];
    struct json_doc doc;
    int fd = open(profile->path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text));
    if (fd >= 0) {
        (void)close(fd);
    }
    json_open(&doc);
    if (len > 0 && json_parse(&doc, (struct bytes){text, (size_t)len}, NULL) == 0) {
        take(profile->device_id, &doc, "deviceId");
        take(profile->refresh_token, &doc, "refreshToken");
    }
    json_close(&doc);
    explicit_bzero(text, sizeof(text));
}

int profile_open(struct profile *out, const char *host, int port, const char *user)
{
    char host_name[256];
    char user_name[256];
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    memset(out, 0, sizeof(*out));
    file_name(host_name, sizeof(host_name), host);
    file_name(user_name, sizeof(user_name), user);
    if (base && base[0] == '/') {
        snprintf(out->path, sizeof(out->path), "%.2048s/chattermesh/%s_%d/%s.json", base, host_name,
                 port, user_name);
    } else if (home && home[0] == '/') {
        snprintf(out->path, sizeof(out->path), "%.2048s/.config/chattermesh/%s_%d/%s.json", home,
                 host_name, port, user_name);
    } else {
        return ERR_NOT_FOUND;
    }
    load(out);
    return 0;
}

static int write_file(const char *path, struct bytes text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    ssize_t written = write(fd, text.data, text.len);
    int err = written < 0 ? err_from_errno(errno) : (size_t)written < text.len ? ERR_DISK_FULL : 0;
    if (!err && fsync(fd) != 0) {
        err = err_from_errno(errno);
    }
    (void)close(fd);
    return err;
}

int profile_save(const struct profile *profile)
{
    char part[sizeof(profile->path) + sizeof(".part")];
    struct buf text;
    if (profile->path[0] == '\0') {
        return ERR_NOT_FOUND;
    }
    buf_open(&text, FILE_BYTES_MAX);
    buf_append_text(&text, "{\"deviceId\":");
    json_write_string(&text, bytes_of(profile->device_id));
    buf_append_text(&text, ",\"refreshToken\":");
    json_write_string(&text, bytes_of(profile->refresh_token));
    buf_append_text(&text, "}\n");
    snprintf(part, sizeof(part), "%s.part", profile->path);
    int err = text.err ? text.err : make_folders(profile->path);
    if (!err) {
        err = write_file(part, buf_bytes(&text));
    }
    if (!err && rename(part, profile->path) != 0) {
        err = err_from_errno(errno);
    }
    explicit_bzero(text.data, text.len);
    buf_close(&text);
    return err;
}
