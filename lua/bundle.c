#include "lua/bundle.h"

#include "host/base/check.h"
#include "host/base/embedded.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/crypto/hash.h"
#include "lua/bundle_files.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define BUILTINS_MAX 64
#define KV_MIGRATION "0000_kv"

struct building {
    struct bundle *bundle;
    struct bundle_files *files;
    const char *name; /* of the folder */
    char *message;
    size_t message_size;
};

static int fail(struct building *b, int err, const char *path, const char *why)
{
    snprintf(b->message, b->message_size, "%s/%s: %s", b->name, path, why);
    return err;
}

static const struct bundle_file *find(const struct bundle_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->list[i].path, path) == 0) {
            return &files->list[i];
        }
    }
    return NULL;
}

/* ---- manifest ---- */

static int add_manifest(struct building *b)
{
    const struct bundle_file *file = find(b->files, "plugin.json");
    char why[512];
    if (!file) {
        return fail(b, ERR_INVALID, "plugin.json", "there is none");
    }
    int err =
        manifest_new(&b->bundle->manifest, (struct bytes){file->data, file->len}, why, sizeof(why));
    if (err) {
        snprintf(b->message, b->message_size, "%s/%s", b->name, why);
        return err;
    }
    if (strcmp(b->bundle->manifest->name, b->name) != 0) {
        snprintf(why, sizeof(why), "/name: \"%s\" expected, the name of the folder", b->name);
        return fail(b, ERR_INVALID, "plugin.json", why);
    }
    return 0;
}

/* ---- modules ---- */

/* "sub/part.lua" becomes "sub.part", so both "sub.part.lua" and "mesh/..." would take the name of
 * another. */
static bool has_module_name(const char *path)
{
    size_t len = strlen(path) - strlen(".lua");
    return strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/") >=
               len &&
           strncmp(path, "mesh/", 5) != 0;
}

/* Takes the file's data. */
static int add_module(struct building *b, struct bundle_file *file)
{
    char text[PLUGIN_NAME_MAX + BUNDLE_PATH_MAX + 2];
    if (!has_module_name(file->path)) {
        return fail(b, ERR_INVALID, file->path,
                    "a module's name has letters, digits, '_' and '-' and is not in mesh/");
    }
    struct bundle_module *module = &b->bundle->modules[b->bundle->modules_count++];
    module->name = mem_copy_text(file->path, strlen(file->path) - strlen(".lua"));
    for (char *c = module->name; *c; c++) {
        *c = *c == '/' ? '.' : *c;
    }
    snprintf(text, sizeof(text), "%s/%s", b->name, file->path);
    module->file = mem_copy_text(text, strlen(text));
    module->source = file->data;
    module->source_bytes = file->len;
    file->data = NULL;
    return 0;
}

/* ---- migrations ---- */

static struct bundle_migration *append_migration(struct bundle *bundle, const char *name,
                                                 size_t len)
{
    struct bundle_migration *m = &bundle->migrations[bundle->migrations_count++];
    m->name = mem_copy_text(name, len);
    return m;
}

/* What mesh.kv works on. The name sorts before all that a plugin may have. */
static void add_kv_migration(struct bundle *bundle)
{
    static const char format[] = "CREATE TABLE %s_kv(key TEXT PRIMARY KEY, value BLOB, "
                                 "version INTEGER NOT NULL, expires_at INTEGER);\n"
                                 "CREATE INDEX %s_kv_expiry ON %s_kv(expires_at) "
                                 "WHERE expires_at IS NOT NULL;\n";
    char sql[sizeof(format) + (size_t)3 * PLUGIN_NAME_MAX];
    const char *name = bundle->manifest->name;
    if (manifest_grants(bundle->manifest, GRANT_KV)) {
        struct bundle_migration *m = append_migration(bundle, KV_MIGRATION, strlen(KV_MIGRATION));
        int len = snprintf(sql, sizeof(sql), format, name, name, name);
        CHECK(len > 0 && (size_t)len < sizeof(sql));
        m->sql = mem_copy_text(sql, (size_t)len);
        m->sql_bytes = (size_t)len;
    }
}

/* Takes the file's data. */
static int add_migration(struct building *b, struct bundle_file *file)
{
    const char *name = file->path + strlen("migrations/");
    size_t len = strlen(name) - strlen(".sql");
    size_t digits = strspn(name, "0123456789");
    size_t word = strspn(name + digits, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (digits != 4 || name[4] != '_' || digits + word != len || strncmp(name, "0000", 4) == 0) {
        return fail(b, ERR_INVALID, file->path, "a name from 0001_word.sql on expected");
    }
    size_t before = b->bundle->migrations_count;
    if (before && strncmp(b->bundle->migrations[before - 1].name, name, 4) == 0) {
        return fail(b, ERR_INVALID, file->path, "two migrations have the same number");
    }
    struct bundle_migration *m = append_migration(b->bundle, name, len);
    m->sql = file->data;
    m->sql_bytes = file->len;
    file->data = NULL;
    return 0;
}

static int add_files(struct building *b)
{
    int err = 0;
    b->bundle->modules = mem_alloc_array(BUNDLE_FILES_MAX, sizeof(struct bundle_module));
    b->bundle->migrations = mem_alloc_array(BUNDLE_FILES_MAX + 1, sizeof(struct bundle_migration));
    add_kv_migration(b->bundle);
    for (size_t i = 0; i < b->files->count && !err; i++) {
        struct bundle_file *file = &b->files->list[i];
        if (strncmp(file->path, "migrations/", strlen("migrations/")) == 0) {
            err = add_migration(b, file);
        } else if (strcmp(file->path, "plugin.json") != 0) {
            err = add_module(b, file);
        }
    }
    return err;
}

/* ---- the whole ---- */

static void write_hash(struct bundle *bundle, const struct bundle_files *files)
{
    struct buf all;
    uint8_t hash[HASH_BLAKE2B_BYTES_MIN];
    buf_open(&all, BUNDLE_BYTES_MAX + (size_t)BUNDLE_FILES_MAX * (BUNDLE_PATH_MAX + 32));
    for (size_t i = 0; i < files->count; i++) {
        /* Lengths go in, so that no two folders give the same bytes. */
        buf_append_format(&all, "%s %zu\n", files->list[i].path, files->list[i].len);
        buf_append(&all, (struct bytes){files->list[i].data, files->list[i].len});
    }
    hash_blake2b(hash, sizeof(hash), buf_bytes(&all));
    bytes_to_hex(bundle->hash, (struct bytes){(const char *)hash, 8});
    buf_close(&all);
}

static int build(struct building *b)
{
    int err = add_manifest(b);
    if (!err && !find(b->files, "init.lua")) {
        err = fail(b, ERR_INVALID, "init.lua", "there is none");
    }
    if (!err) {
        write_hash(b->bundle, b->files); /* before their bytes are given away */
        err = add_files(b);
    }
    return err;
}

static int bundle_new(struct bundle **out, struct bundle_files *files, const char *name,
                      const char *folder, char *message, size_t message_size)
{
    struct bundle *bundle = mem_alloc(sizeof(*bundle));
    struct building b = {bundle, files, name, message, message_size};
    atomic_init(&bundle->references, 1);
    bundle->folder = folder ? mem_copy_text(folder, strlen(folder)) : NULL;
    int err = build(&b);
    if (err) {
        bundle_release(bundle);
        return err;
    }
    *out = bundle;
    return 0;
}

/* The last part of a path, without slashes at its end. */
static struct bytes last_part(const char *folder)
{
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && folder[start - 1] != '/') {
        start--;
    }
    return (struct bytes){folder + start, end - start};
}

int bundle_read_folder(struct bundle **out, const char *folder, char *message, size_t message_size)
{
    struct bundle_files *files = mem_alloc(sizeof(*files));
    struct bytes part = last_part(folder);
    char *name = mem_copy_text(part.data, part.len);
    char why[512];
    int err = bundle_files_read(files, folder, why, sizeof(why));
    if (err == ERR_NOT_FOUND) {
        snprintf(message, message_size, "%s", why);
    } else if (err) {
        snprintf(message, message_size, "%s/%s", name, why);
    } else {
        err = bundle_new(out, files, name, folder, message, message_size);
    }
    bundle_files_close(files);
    mem_free(files);
    mem_free(name);
    return err;
}

int bundle_read_builtin(struct bundle **out, const char *name, char *message, size_t message_size)
{
    struct bundle_files *files = mem_alloc(sizeof(*files));
    int err = bundle_files_builtin(files, name, message, message_size);
    if (!err) {
        err = bundle_new(out, files, name, NULL, message, message_size);
    }
    bundle_files_close(files);
    mem_free(files);
    return err;
}

struct bundle *bundle_share(struct bundle *bundle)
{
    atomic_fetch_add(&bundle->references, 1);
    return bundle;
}

void bundle_release(struct bundle *bundle)
{
    if (!bundle || atomic_fetch_sub(&bundle->references, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < bundle->modules_count; i++) {
        mem_free(bundle->modules[i].name);
        mem_free(bundle->modules[i].file);
        mem_free(bundle->modules[i].source);
    }
    for (size_t i = 0; i < bundle->migrations_count; i++) {
        mem_free(bundle->migrations[i].name);
        mem_free(bundle->migrations[i].sql);
    }
    mem_free(bundle->modules);
    mem_free(bundle->migrations);
    manifest_free(bundle->manifest);
    mem_free(bundle->folder);
    mem_free(bundle);
}

/* ---- what is built in ---- */

static char builtin_names[BUILTINS_MAX][PLUGIN_NAME_MAX + 1];
static size_t builtin_count;
static pthread_once_t builtin_once = PTHREAD_ONCE_INIT;

static void find_builtins(void)
{
    for (size_t i = 0; i < embedded_files_count && builtin_count < BUILTINS_MAX; i++) {
        char name[PLUGIN_NAME_MAX + 1];
        int end = 0;
        if (sscanf(embedded_files[i].path, "plugins/%32[a-z0-9]/plugin.json%n", name, &end) == 1 &&
            end > 0 && embedded_files[i].path[end] == '\0') {
            snprintf(builtin_names[builtin_count++], sizeof(name), "%s", name);
        }
    }
}

const char *bundle_builtin_name(size_t index)
{
    pthread_once(&builtin_once, find_builtins);
    return index < builtin_count ? builtin_names[index] : NULL;
}
