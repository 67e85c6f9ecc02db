/*
 * A folder of plugin folders tells only that something below it changed. Which
 * plugin it was is seen by comparing each plugin's marks: names, sizes and
 * times of its files.
 */
#include "host/dev_watch.h"

#include "host/app.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/loop/watch.h"
#include "lua/runtime.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PLUGINS_MAX 256 /* watched, all folders together */
#define DEPTH_MAX 8
#define NAME_BYTES_MAX 64
#define PATH_BYTES_MAX 4096

struct watched {
    char name[NAME_BYTES_MAX];
    const char *root; /* the folder of plugin folders; lent by the configuration */
    uint64_t mark;
};

struct dev_watch {
    struct app *app;
    struct watch *watches[CONFIG_PLUGIN_FOLDERS_MAX];
    struct watched plugins[PLUGINS_MAX];
    size_t plugins_count;
    size_t reloads; /* under way */
    bool is_ended;  /* freed by the last of them */
};

/* ---- marks ---- */

static uint64_t mark_of_file(const char *path, const struct stat *info)
{
    int64_t facts[] = {(int64_t)info->st_size, (int64_t)info->st_ino, (int64_t)info->st_mtim.tv_sec,
                       (int64_t)info->st_mtim.tv_nsec};
    uint64_t mark = bytes_hash(bytes_of(path), 0);
    return bytes_hash((struct bytes){(const char *)facts, sizeof(facts)}, mark);
}

/* What editors leave while they write: .x.swp, 4913, x~, #x#. */
static bool is_passing(const char *name)
{
    size_t len = strlen(name);
    return name[0] == '.' || name[0] == '#' || name[len - 1] == '~' || strcmp(name, "4913") == 0;
}

/* The sum does not depend on the order in which the folder is read. */
static uint64_t mark_of_folder(const char *path, unsigned depth)
{
    uint64_t mark = 0;
    DIR *folder = depth < DEPTH_MAX ? opendir(path) : NULL;
    struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        char inner[PATH_BYTES_MAX];
        struct stat info;
        int len = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (is_passing(entry->d_name) || len >= (int)sizeof(inner) || stat(inner, &info) != 0) {
            continue;
        }
        mark +=
            S_ISDIR(info.st_mode) ? mark_of_folder(inner, depth + 1) : mark_of_file(inner, &info);
    }
    if (folder) {
        closedir(folder);
    }
    return mark;
}

/* ---- one reload ---- */

struct dev_reload {
    struct dev_watch *watch;
    uint64_t started_ns;
    char name[NAME_BYTES_MAX];
};

static void reload_done(void *ctx, int err, const char *message)
{
    struct dev_reload *reload = ctx;
    struct dev_watch *watch = reload->watch;
    double ms = (double)(clock_precise_ns() - reload->started_ns) / 1e6;
    if (err) {
        fprintf(stderr, "dev: %s not reloaded, the old version still serves (%.0f ms)\n     %s\n",
                reload->name, ms, message);
    } else {
        fprintf(stderr, "dev: %s reloaded in %.0f ms\n", reload->name, ms);
    }
    mem_free(reload);
    watch->reloads--;
    if (watch->is_ended && watch->reloads == 0) {
        mem_free(watch);
    }
}

static void reload(struct dev_watch *watch, const char *name)
{
    struct dev_reload *r = mem_alloc(sizeof(*r));
    r->watch = watch;
    r->started_ns = clock_precise_ns();
    snprintf(r->name, sizeof(r->name), "%s", name);
    watch->reloads++;
    runtime_reload(app_runtime(watch->app), r->name, reload_done, r);
}

/* ---- what changed ---- */

static struct watched *find(struct dev_watch *watch, const char *root, const char *name)
{
    for (size_t i = 0; i < watch->plugins_count; i++) {
        struct watched *plugin = &watch->plugins[i];
        if (plugin->root == root && strcmp(plugin->name, name) == 0) {
            return plugin;
        }
    }
    if (watch->plugins_count == PLUGINS_MAX || strlen(name) >= NAME_BYTES_MAX) {
        return NULL;
    }
    struct watched *plugin = &watch->plugins[watch->plugins_count++];
    snprintf(plugin->name, sizeof(plugin->name), "%s", name);
    plugin->root = root;
    return plugin;
}

/* Compares every plugin folder below root with its mark; when asked, reloads those that differ. */
static void look(struct dev_watch *watch, const char *root, bool reloads)
{
    DIR *folder = opendir(root);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        char path[PATH_BYTES_MAX];
        char manifest[PATH_BYTES_MAX + sizeof("/plugin.json")];
        struct stat info;
        int len = snprintf(path, sizeof(path), "%s/%s", root, entry->d_name);
        snprintf(manifest, sizeof(manifest), "%s/plugin.json", path);
        if (is_passing(entry->d_name) || len >= (int)sizeof(path) || stat(manifest, &info) != 0) {
            continue;
        }
        struct watched *plugin = find(watch, root, entry->d_name);
        uint64_t mark = mark_of_folder(path, 0);
        if (plugin && plugin->mark != mark) {
            plugin->mark = mark;
            if (reloads) {
                reload(watch, plugin->name);
            }
        }
    }
    if (folder) {
        closedir(folder);
    }
}

static void changed(void *ctx, const char *path)
{
    struct dev_watch *watch = ctx;
    const struct config *config = app_config(watch->app);
    for (size_t i = 0; i < config->plugin_folders_count; i++) {
        if (strcmp(config->plugin_folders[i], path) == 0) {
            look(watch, config->plugin_folders[i], true);
        }
    }
}

/* ---- begin and end ---- */

struct dev_watch *dev_watch_new(struct app *app)
{
    const struct config *config = app_config(app);
    struct dev_watch *watch = mem_alloc(sizeof(*watch));
    watch->app = app;
    for (size_t i = 0; i < config->plugin_folders_count; i++) {
        const char *root = config->plugin_folders[i];
        int err = watch_new(&watch->watches[i], app_loop(app), root, changed, watch);
        if (err) {
            watch->watches[i] = NULL;
            LOG(LOG_WARN, "dev", "a plugin folder can't be watched", LOG_TEXT("folder", root),
                LOG_TEXT("why", err_text(err)));
        }
        look(watch, root, false);
    }
    if (config->plugin_folders_count == 0) {
        fputs("dev: nothing to watch: name your folder of plugins with --plugins DIR\n", stderr);
    }
    return watch;
}

void dev_watch_free(struct dev_watch *watch)
{
    for (size_t i = 0; i < CONFIG_PLUGIN_FOLDERS_MAX; i++) {
        if (watch->watches[i]) {
            watch_free(watch->watches[i]);
        }
    }
    watch->is_ended = true;
    if (watch->reloads == 0) {
        mem_free(watch);
    }
}
