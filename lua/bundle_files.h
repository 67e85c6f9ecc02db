/* The files of a plugin's folder, or of one built in, as they are: names and bytes, sorted. */
#ifndef LUA_BUNDLE_FILES_H
#define LUA_BUNDLE_FILES_H

#include "host/base/bytes.h"
#include "lua/bundle.h"

#define BUNDLE_PATH_MAX 128     /* of a file, from the plugin's folder */
#define BUNDLE_DEPTH_MAX 4      /* folders inside each other */
#define BUNDLE_ENTRIES_MAX 4096 /* looked at, files that no plugin needs among them */

struct bundle_file {
    char *path; /* from the plugin's folder: "sub/part.lua" */
    char *data; /* followed by a NUL */
    size_t len;
};
struct bundle_files {
    struct bundle_file list[BUNDLE_FILES_MAX];
    size_t count;
    size_t bytes;
};

/* Read plugin.json, Lua and SQL into *files, which is zeroed. On an error message names the file.
 */
int bundle_files_read(struct bundle_files *files, const char *folder, char *message,
                      size_t message_size);
int bundle_files_builtin(struct bundle_files *files, const char *name, char *message,
                         size_t message_size);
void bundle_files_close(struct bundle_files *files);

#endif
