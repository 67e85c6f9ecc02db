/*
 * A plugin's files, read once and then immutable: manifest, Lua sources,
 * migrations. Counted, so that every worker builds its cell from the same bytes.
 */
#ifndef LUA_BUNDLE_H
#define LUA_BUNDLE_H

#include "lua/manifest.h"

#define BUNDLE_FILES_MAX 256
#define BUNDLE_BYTES_MAX (8U << 20)

struct bundle_module {
    char *name; /* "init", "rules", "sub.part": what require takes */
    char *file; /* "chat/init.lua": for messages */
    char *source;
    size_t source_bytes;
};
struct bundle_migration {
    char *name; /* "0001_start" */
    char *sql;
    size_t sql_bytes;
};

struct bundle {
    _Atomic uint32_t references;
    struct manifest *manifest;
    struct bundle_module *modules;
    size_t modules_count;
    struct bundle_migration *migrations; /* in order of name */
    size_t migrations_count;
    char *folder;  /* NULL for a built-in */
    char hash[17]; /* of all content, hexadecimal */
};

/* Reads a folder (spec/ and hidden files are left out). 0, or ERR_NOT_FOUND, ERR_SYNTAX,
 * ERR_TOO_LARGE, ERR_INVALID (no init.lua, no plugin.json, the name is not the folder's), ERR_IO;
 * message says file and why. */
int bundle_read_folder(struct bundle **out, const char *folder, char *message, size_t message_size);
/* Reads a plugin that was built into the program. ERR_NOT_FOUND when there is none. */
int bundle_read_builtin(struct bundle **out, const char *name, char *message, size_t message_size);
/* Names of the built-in plugins, sorted: the index-th, or NULL. Lent for ever. */
const char *bundle_builtin_name(size_t index);
struct bundle *bundle_share(struct bundle *bundle);
void bundle_release(struct bundle *bundle);

#endif
