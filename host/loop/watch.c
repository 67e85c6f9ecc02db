/*
 * inotify watches one folder each, so every folder of the tree has its own
 * handle. After each burst of changes the tree is walked again: folders that
 * came are taken in, folders that went or were replaced are let go.
 */
#include "host/loop/watch.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/loop/loop_private.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define WATCH_DEPTH_MAX 16

struct watched_folder {
    uv_fs_event_t handle;
    struct watch *watch;
    dev_t device;
    ino_t inode;
    bool was_seen; /* by the walk under way */
    bool is_stale; /* perhaps deleted; one made anew may have the same inode */
    char path[];
};

struct watch {
    struct loop *loop;
    void (*changed)(void *ctx, const char *folder);
    void *ctx;
    struct timer quiet;
    struct watched_folder *folders[WATCH_FOLDERS_MAX];
    size_t folders_count;
    size_t open_handles; /* those closing included */
    bool is_ending;
    char *root;
};

static int walk(struct watch *watch, const char *path, unsigned depth);

static void free_when_closed(struct watch *watch)
{
    if (watch->is_ending && watch->open_handles == 0) {
        mem_free(watch->root);
        mem_free(watch);
    }
}

static void folder_closed_cb(uv_handle_t *handle)
{
    struct watched_folder *folder = handle->data;
    struct watch *watch = folder->watch;
    mem_free(folder);
    watch->open_handles--;
    free_when_closed(watch);
}

static void folder_event_cb(uv_fs_event_t *handle, const char *name, int events, int status)
{
    (void)status; /* an error too means that we had better look again */
    struct watched_folder *folder = handle->data;
    const char *slash = strrchr(folder->path, '/');
    /* What happens to the folder itself is told with its own last name. */
    if ((events & UV_RENAME) != 0 && slash != NULL && name != NULL &&
        strcmp(slash + 1, name) == 0) {
        folder->is_stale = true;
    }
    if (!timer_is_armed(&folder->watch->quiet)) {
        timer_start(&folder->watch->quiet, WATCH_QUIET_MS);
    }
}

static struct watched_folder *find(struct watch *watch, const char *path, const struct stat *info)
{
    for (size_t i = 0; i < watch->folders_count; i++) {
        struct watched_folder *folder = watch->folders[i];
        if (!folder->is_stale && folder->inode == info->st_ino && folder->device == info->st_dev &&
            strcmp(folder->path, path) == 0) {
            return folder;
        }
    }
    return NULL;
}

static int add(struct watch *watch, const char *path, const struct stat *info)
{
    if (watch->folders_count == WATCH_FOLDERS_MAX) {
        return ERR_FULL;
    }
    size_t len = strlen(path);
    struct watched_folder *folder = mem_alloc(sizeof(*folder) + len + 1);
    memcpy(folder->path, path, len);
    folder->watch = watch;
    folder->device = info->st_dev;
    folder->inode = info->st_ino;
    folder->was_seen = true;
    CHECK(uv_fs_event_init(&watch->loop->uv, &folder->handle) == 0);
    folder->handle.data = folder;
    watch->open_handles++;
    int status = uv_fs_event_start(&folder->handle, folder_event_cb, path, 0);
    if (status != 0) {
        uv_close((uv_handle_t *)&folder->handle, folder_closed_cb);
        return status == UV_ENOENT ? ERR_NOT_FOUND : status == UV_ENOSPC ? ERR_FULL : ERR_IO;
    }
    watch->folders[watch->folders_count++] = folder;
    return 0;
}

/* A subfolder that vanishes during the walk is no error: its parent tells of it. */
static int walk_entry(struct watch *watch, const char *path, const char *name, unsigned depth)
{
    char child[PATH_MAX];
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return 0;
    }
    int len = snprintf(child, sizeof(child), "%s/%s", path, name);
    struct stat info;
    if (len < 0 || (size_t)len >= sizeof(child) || lstat(child, &info) != 0 ||
        !S_ISDIR(info.st_mode)) {
        return 0;
    }
    int err = walk(watch, child, depth + 1);
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int walk(struct watch *watch, const char *path, unsigned depth)
{
    struct stat info;
    if (depth > WATCH_DEPTH_MAX) {
        return 0;
    }
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return ERR_NOT_FOUND;
    }
    struct watched_folder *known = find(watch, path, &info);
    int err = 0;
    if (known != NULL) {
        known->was_seen = true;
    } else {
        err = add(watch, path, &info); /* before reading, so that nothing falls between */
    }
    DIR *dir = err == 0 ? opendir(path) : NULL;
    if (dir == NULL) {
        return err != 0 ? err : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL && err == 0; entry = readdir(dir)) {
        err = walk_entry(watch, path, entry->d_name, depth);
    }
    (void)closedir(dir);
    return err;
}

static void forget_unseen(struct watch *watch)
{
    size_t kept = 0;
    for (size_t i = 0; i < watch->folders_count; i++) {
        struct watched_folder *folder = watch->folders[i];
        if (folder->was_seen) {
            watch->folders[kept++] = folder;
        } else {
            uv_close((uv_handle_t *)&folder->handle, folder_closed_cb);
        }
    }
    watch->folders_count = kept;
}

static int look(struct watch *watch)
{
    for (size_t i = 0; i < watch->folders_count; i++) {
        watch->folders[i]->was_seen = false;
    }
    int err = walk(watch, watch->root, 0);
    forget_unseen(watch);
    return err;
}

static void quiet_cb(struct timer *timer)
{
    struct watch *watch = (struct watch *)((char *)timer - offsetof(struct watch, quiet));
    int err = look(watch);
    if (err != 0) {
        LOG(LOG_WARN, "watch", "changes in parts of a folder will not be seen",
            LOG_TEXT("folder", watch->root), LOG_TEXT("reason", err_text(err)));
    }
    watch->changed(watch->ctx, watch->root);
}

int watch_new(struct watch **out, struct loop *loop, const char *folder,
              void (*changed)(void *ctx, const char *folder), void *ctx)
{
    struct watch *watch = mem_alloc(sizeof(*watch));
    watch->loop = loop;
    watch->changed = changed;
    watch->ctx = ctx;
    watch->root = mem_copy_text(folder, strlen(folder));
    timer_open(&watch->quiet, loop, quiet_cb);
    int err = look(watch);
    if (err != 0) {
        watch_free(watch);
        return err;
    }
    *out = watch;
    return 0;
}

void watch_free(struct watch *watch)
{
    timer_stop(&watch->quiet);
    watch->is_ending = true;
    for (size_t i = 0; i < watch->folders_count; i++) {
        uv_close((uv_handle_t *)&watch->folders[i]->handle, folder_closed_cb);
    }
    watch->folders_count = 0;
    free_when_closed(watch);
}
