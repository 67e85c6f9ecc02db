#include "storage/lock.h"

#include "host/base/err.h"
#include "host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "chattermesh.lock"

struct lock {
    int fd;
};

int lock_sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    int err = fsync(fd) != 0 ? err_from_errno(errno) : 0;
    close(fd);
    return err;
}

int lock_sync_parent(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    char *parent = len == 0 ? mem_copy_text(".", 1) : mem_copy_text(path, len);
    int err = lock_sync_folder(parent);
    mem_free(parent);
    return err;
}

static int make_folder(const char *folder)
{
    if (mkdir(folder, 0700) == 0) {
        return lock_sync_parent(folder);
    }
    return errno == EEXIST ? 0 : err_from_errno(errno);
}

static void read_pid(int fd, char *pid, size_t size)
{
    ssize_t len = pread(fd, pid, size - 1, 0);
    pid[len > 0 ? len : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
}

/* The number is for people; the lock itself ends with the process, however it ends. */
static int write_pid(int fd)
{
    char pid[24];
    int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len) {
        return err_from_errno(errno);
    }
    return 0;
}

static int take(int fd, const char *folder, char *words, size_t words_size)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        int err = write_pid(fd);
        if (err) {
            snprintf(words, words_size, "cannot write %s/%s: %s", folder, LOCK_NAME, err_text(err));
        }
        return err;
    }
    if (errno != EWOULDBLOCK) {
        snprintf(words, words_size, "cannot lock %s/%s: %s", folder, LOCK_NAME, strerror(errno));
        return err_from_errno(errno);
    }
    char pid[24];
    read_pid(fd, pid, sizeof(pid));
    snprintf(words, words_size,
             "%s is served by another process (pid %s): stop it, or give this one another folder",
             folder, pid[0] != '\0' ? pid : "unknown");
    return ERR_BUSY;
}

int lock_new(struct lock **out, const char *folder, char *words, size_t words_size)
{
    int err = make_folder(folder);
    if (err) {
        snprintf(words, words_size, "cannot make the data folder %s: %s", folder, err_text(err));
        return err;
    }
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s/%s", folder, LOCK_NAME);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        snprintf(words, words_size, "the path of the data folder is too long");
        return ERR_TOO_LARGE;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        err = err_from_errno(errno);
        snprintf(words, words_size, "cannot open %s: %s", path, err_text(err));
        return err;
    }
    err = take(fd, folder, words, words_size);
    if (err) {
        close(fd);
        return err;
    }
    struct lock *lock = mem_alloc(sizeof(*lock));
    lock->fd = fd;
    *out = lock;
    return 0;
}

void lock_free(struct lock *lock)
{
    if (lock != NULL) {
        close(lock->fd);
        mem_free(lock);
    }
}
