/*
 * The built-in plugins, the Lua half of the runtime and the web client, put
 * into the program when it is built, so that one file is the whole
 * installation.
 */
#ifndef HOST_BASE_EMBEDDED_H
#define HOST_BASE_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *path; /* from the project's root: "plugins/chat/init.lua" */
    const char *data; /* followed by a NUL that `len` does not count */
    size_t len;
};

/* Sorted by path, for the life of the program. */
extern const struct embedded_file embedded_files[];
extern const size_t embedded_files_count;

#endif
