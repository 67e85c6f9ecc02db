#include "lua/find_plugin.h"

#include "host/base/err.h"
#include "host/base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES_MAX 4096

static bool has_manifest(const char *folder, const char *name)
{
    char path[PATH_BYTES_MAX];
    struct stat info;
    int len = snprintf(path, sizeof(path), "%s/%s/plugin.json", folder, name);
    return len > 0 && (size_t)len < sizeof(path) && stat(path, &info) == 0;
}

int find_plugin(struct bundle **out, const struct runtime *runtime, const char *name, char *message,
                size_t message_size)
{
    const struct runtime_options *options = &runtime->options;
    if (strchr(name, '/') || name[0] == '.') {
        snprintf(message, message_size, "\"%s\" is not a plugin's name", name);
        return ERR_INVALID;
    }
    for (size_t i = options->plugin_folders_count; i-- > 0;) {
        const char *folder = options->plugin_folders[i];
        if (has_manifest(folder, name)) {
            char path[PATH_BYTES_MAX];
            snprintf(path, sizeof(path), "%s/%s", folder, name);
            return bundle_read_folder(out, path, message, message_size);
        }
    }
    return bundle_read_builtin(out, name, message, message_size);
}

static bool is_in(const struct text_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_name(struct text_list *names, const struct runtime *runtime, const char *name)
{
    if (names->count == RUNTIME_PLUGINS_MAX || is_in(names, name) ||
        is_in(&runtime->disabled, name)) {
        return;
    }
    names->items[names->count++] = mem_copy_text(name, strlen(name));
}

static void add_folder(struct text_list *names, const struct runtime *runtime, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *item;
    while (dir && (item = readdir(dir))) {
        if (item->d_name[0] != '.' && has_manifest(folder, item->d_name)) {
            add_name(names, runtime, item->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void find_plugin_names(struct text_list *names, const struct runtime *runtime)
{
    names->items = mem_alloc_array(RUNTIME_PLUGINS_MAX, sizeof(char *));
    names->count = 0;
    const char *name;
    for (size_t i = 0; (name = bundle_builtin_name(i)); i++) {
        add_name(names, runtime, name);
    }
    for (size_t i = 0; i < runtime->options.plugin_folders_count; i++) {
        add_folder(names, runtime, runtime->options.plugin_folders[i]);
    }
    qsort(names->items, names->count, sizeof(char *), by_text);
}

void find_plugin_names_free(struct text_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        mem_free(names->items[i]);
    }
    mem_free(names->items);
}
