#include "lua/bundle_files.h"

#include "host/base/embedded.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which files ---- */

static bool ends_with(const char *path, const char *end)
{
    size_t len = strlen(path);
    size_t end_len = strlen(end);
    return len > end_len && strcmp(path + len - end_len, end) == 0;
}

static bool is_wanted(const char *path)
{
    bool is_migration = strncmp(path, "migrations/", 11) == 0;
    return strcmp(path, "plugin.json") == 0 || (ends_with(path, ".lua") && !is_migration) ||
           (is_migration && ends_with(path, ".sql"));
}

static bool is_left_out(const char *path)
{
    return strncmp(path, "spec/", 5) == 0 || strcmp(path, "spec") == 0 || path[0] == '.' ||
           strstr(path, "/.");
}

/* ---- the list ---- */

static int compare(const void *a, const void *b)
{
    const struct bundle_file *one = a;
    const struct bundle_file *other = b;
    return strcmp(one->path, other->path);
}

static int check_room(const struct bundle_files *files, const char *path, size_t len, char *message,
                      size_t message_size)
{
    if (files->count == BUNDLE_FILES_MAX) {
        snprintf(message, message_size, "%s: more than %d files in one plugin", path,
                 BUNDLE_FILES_MAX);
        return ERR_TOO_LARGE;
    }
    if (len > BUNDLE_BYTES_MAX - files->bytes) {
        snprintf(message, message_size, "%s: more than %u bytes in one plugin", path,
                 BUNDLE_BYTES_MAX);
        return ERR_TOO_LARGE;
    }
    return 0;
}

/* Takes data. */
static void add(struct bundle_files *files, const char *path, char *data, size_t len)
{
    files->list[files->count++] =
        (struct bundle_file){mem_copy_text(path, strlen(path)), data, len};
    files->bytes += len;
}

void bundle_files_close(struct bundle_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        mem_free(files->list[i].path);
        mem_free(files->list[i].data);
    }
    files->count = 0;
}

/* ---- from the disk ---- */

struct reading {
    struct bundle_files *files;
    unsigned entries;
    char *message;
    size_t message_size;
};

static int fail(struct reading *r, int err, const char *path, const char *why)
{
    snprintf(r->message, r->message_size, "%s: %s", path, why);
    return err;
}

/* Reads len bytes; the file may have become shorter or longer since it was measured. */
static int read_exactly(struct reading *r, int fd, const char *path, char *data, size_t len)
{
    size_t have = 0;
    while (have < len) {
        ssize_t got = read(fd, data + have, len - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return fail(r, ERR_IO, path, got < 0 ? strerror(errno) : "changed while it was read");
        }
        have += (size_t)got;
    }
    return 0;
}

static int read_file(struct reading *r, int fd, const char *path)
{
    struct stat info;
    if (fstat(fd, &info)) {
        return fail(r, ERR_IO, path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(r, ERR_INVALID, path, "not a regular file");
    }
    size_t len = (size_t)info.st_size;
    int err = check_room(r->files, path, len, r->message, r->message_size);
    if (err) {
        return err;
    }
    char *data = mem_try_alloc(len + 1);
    if (!data) {
        return fail(r, ERR_NOMEM, path, err_text(ERR_NOMEM));
    }
    err = read_exactly(r, fd, path, data, len);
    if (err) {
        mem_free(data);
        return err;
    }
    data[len] = '\0';
    add(r->files, path, data, len);
    return 0;
}

/* No link is followed, so nothing outside of the folder is read, and a pipe never blocks. */
static int open_entry(struct reading *r, int folder, const char *name, const char *path, int *fd)
{
    *fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0) {
        return errno == ELOOP ? fail(r, ERR_INVALID, path, "a symbolic link; files are expected")
                              : fail(r, err_from_errno(errno), path, strerror(errno));
    }
    return 0;
}

static bool is_folder(int folder, const char *name)
{
    struct stat info;
    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

static int read_folder(struct reading *r, int fd, const char *prefix, unsigned depth);

static int read_entry(struct reading *r, int folder, const char *prefix, const char *name,
                      unsigned depth)
{
    char path[BUNDLE_PATH_MAX + NAME_MAX];
    int len = snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "/" : "", name);
    if (is_left_out(path)) {
        return 0;
    }
    bool is_inner = is_folder(folder, name);
    if (!is_inner && !is_wanted(path)) {
        return 0;
    }
    if (len >= BUNDLE_PATH_MAX || (is_inner && depth == BUNDLE_DEPTH_MAX)) {
        return fail(r, ERR_TOO_LARGE, path, "the name is too long or too deep in folders");
    }
    int fd;
    int err = open_entry(r, folder, name, path, &fd);
    if (err) {
        return err;
    }
    if (is_inner) {
        return read_folder(r, fd, path, depth + 1);
    }
    err = read_file(r, fd, path);
    close(fd);
    return err;
}

/* Takes fd, always. */
static int read_folder(struct reading *r, int fd, const char *prefix, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int err = fail(r, err_from_errno(errno), prefix, strerror(errno));
        close(fd);
        return err;
    }
    int err = 0;
    struct dirent *entry;
    while (!err && (entry = readdir(dir))) {
        err = ++r->entries > BUNDLE_ENTRIES_MAX
                  ? fail(r, ERR_TOO_LARGE, entry->d_name, "the folder has too many files")
                  : read_entry(r, fd, prefix, entry->d_name, depth);
    }
    closedir(dir);
    return err;
}

int bundle_files_read(struct bundle_files *files, const char *folder, char *message,
                      size_t message_size)
{
    struct reading r = {files, 0, message, message_size};
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        int err = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : err_from_errno(errno);
        return fail(&r, err, folder, strerror(errno));
    }
    int err = read_folder(&r, fd, "", 0);
    qsort(files->list, files->count, sizeof(files->list[0]), compare);
    return err;
}

/* ---- from the program ---- */

int bundle_files_builtin(struct bundle_files *files, const char *name, char *message,
                         size_t message_size)
{
    char prefix[PLUGIN_NAME_MAX + 16];
    snprintf(prefix, sizeof(prefix), "plugins/%s/", name);
    for (size_t i = 0; i < embedded_files_count; i++) {
        const struct embedded_file *file = &embedded_files[i];
        if (strncmp(file->path, prefix, strlen(prefix)) != 0) {
            continue;
        }
        const char *path = file->path + strlen(prefix);
        if (is_left_out(path) || !is_wanted(path)) {
            continue;
        }
        int err = check_room(files, path, file->len, message, message_size);
        if (err) {
            return err;
        }
        add(files, path, mem_copy_text(file->data, file->len), file->len);
    }
    if (files->count == 0) {
        snprintf(message, message_size, "no plugin \"%s\" is built in", name);
        return ERR_NOT_FOUND;
    }
    qsort(files->list, files->count, sizeof(files->list[0]), compare);
    return 0;
}
