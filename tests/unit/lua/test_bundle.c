#include "host/base/err.h"
#include "lua/bundle.h"
#include "lua/bundle_files.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST "{\"name\":\"hello\",\"version\":\"1\",\"api\":\"1\""

static char root[64];
static char message[512];

/* Puts a file into the folder under test, with the folders on its way. */
static void put(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(full, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void start_folder(void)
{
    snprintf(root, sizeof(root), "/tmp/bundle-XXXXXX");
    assert_non_null(mkdtemp(root));
    message[0] = '\0';
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void end_folder(void)
{
    assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void start_plugin(void)
{
    start_folder();
    put("hello/plugin.json", MANIFEST "}");
    put("hello/init.lua", "return {}");
}

static int read_plugin(struct bundle **bundle, const char *name)
{
    char path[128];
    *bundle = NULL;
    snprintf(path, sizeof(path), "%s/%s", root, name);
    return bundle_read_folder(bundle, path, message, sizeof(message));
}

static void assert_refused(int expected, const char *words)
{
    struct bundle *bundle;
    int err = read_plugin(&bundle, "hello");
    assert_string_equal(message, words);
    assert_int_equal(err, expected);
    assert_null(bundle);
    end_folder();
}

TEST(bundle, folder_gives_modules_and_migrations_in_order)
{
    struct bundle *bundle;
    start_plugin();
    put("hello/sub/part.lua", "return 1");
    put("hello/migrations/0002_more.sql", "B");
    put("hello/migrations/0001_start.sql", "A");
    put("hello/spec/hello_spec.lua", "error()");
    put("hello/.hidden.lua", "error()");
    put("hello/.git/x.lua", "error()");
    put("hello/README.md", "words");
    assert_int_equal(read_plugin(&bundle, "hello/"), 0);
    assert_int_equal(bundle->modules_count, 2);
    assert_string_equal(bundle->modules[0].name, "init");
    assert_string_equal(bundle->modules[0].file, "hello/init.lua");
    assert_string_equal(bundle->modules[0].source, "return {}");
    assert_int_equal(bundle->modules[0].source_bytes, 9);
    assert_string_equal(bundle->modules[1].name, "sub.part");
    assert_string_equal(bundle->modules[1].file, "hello/sub/part.lua");
    assert_int_equal(bundle->migrations_count, 2);
    assert_string_equal(bundle->migrations[0].name, "0001_start");
    assert_string_equal(bundle->migrations[0].sql, "A");
    assert_string_equal(bundle->migrations[1].name, "0002_more");
    assert_string_equal(bundle->manifest->name, "hello");
    assert_non_null(bundle->folder);
    bundle_release(bundle);
    end_folder();
}

TEST(bundle, hash_changes_with_any_byte_and_with_nothing_else)
{
    struct bundle *first;
    struct bundle *again;
    struct bundle *changed;
    start_plugin();
    assert_int_equal(read_plugin(&first, "hello"), 0);
    put("hello/notes.txt", "no part of the plugin");
    assert_int_equal(read_plugin(&again, "hello"), 0);
    put("hello/init.lua", "return { }");
    assert_int_equal(read_plugin(&changed, "hello"), 0);
    assert_int_equal(strlen(first->hash), 16);
    assert_string_equal(first->hash, again->hash);
    assert_string_not_equal(first->hash, changed->hash);
    bundle_release(first);
    bundle_release(again);
    bundle_release(changed);
    end_folder();
}

TEST(bundle, shared_one_lives_until_the_last_release)
{
    struct bundle *bundle;
    start_plugin();
    assert_int_equal(read_plugin(&bundle, "hello"), 0);
    assert_ptr_equal(bundle_share(bundle), bundle);
    bundle_release(bundle);
    assert_string_equal(bundle->manifest->name, "hello");
    bundle_release(bundle);
    end_folder();
}

TEST(bundle, kv_grant_comes_with_its_table)
{
    struct bundle *bundle;
    start_plugin();
    put("hello/plugin.json", MANIFEST ",\"capabilities\":{\"kv\":true}}");
    put("hello/migrations/0001_start.sql", "A");
    assert_int_equal(read_plugin(&bundle, "hello"), 0);
    assert_int_equal(bundle->migrations_count, 2);
    assert_string_equal(bundle->migrations[0].name, "0000_kv");
    assert_non_null(strstr(bundle->migrations[0].sql, "CREATE TABLE hello_kv("));
    assert_int_equal(bundle->migrations[0].sql_bytes, strlen(bundle->migrations[0].sql));
    bundle_release(bundle);
    end_folder();
}

TEST(bundle, missing_folder_is_not_found)
{
    struct bundle *bundle;
    start_folder();
    assert_int_equal(read_plugin(&bundle, "nobody"), ERR_NOT_FOUND);
    assert_non_null(strstr(message, "/nobody: No such file or directory"));
    end_folder();
}

TEST(bundle, manifest_must_be_there)
{
    start_folder();
    put("hello/init.lua", "");
    assert_refused(ERR_INVALID, "hello/plugin.json: there is none");
}

TEST(bundle, init_must_be_there)
{
    start_folder();
    put("hello/plugin.json", MANIFEST "}");
    assert_refused(ERR_INVALID, "hello/init.lua: there is none");
}

TEST(bundle, mistake_in_the_manifest_names_the_file)
{
    start_plugin();
    put("hello/plugin.json", MANIFEST ",\"limits\":{\"cpuMs\":0}}");
    assert_refused(ERR_INVALID, "hello/plugin.json: /limits/cpuMs: 1 to 1000 expected");
}

TEST(bundle, name_must_be_the_folders)
{
    struct bundle *bundle;
    start_folder();
    put("other/plugin.json", MANIFEST "}");
    put("other/init.lua", "");
    assert_int_equal(read_plugin(&bundle, "other"), ERR_INVALID);
    assert_string_equal(message,
                        "other/plugin.json: /name: \"other\" expected, the name of the folder");
    end_folder();
}

TEST(bundle, link_is_refused_wherever_it_leads)
{
    char path[128];
    start_plugin();
    snprintf(path, sizeof(path), "%s/hello/rules.lua", root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_refused(ERR_INVALID, "hello/rules.lua: a symbolic link; files are expected");
}

TEST(bundle, link_to_a_folder_is_not_entered)
{
    char path[128];
    struct bundle *bundle;
    start_plugin();
    snprintf(path, sizeof(path), "%s/hello/outside", root);
    assert_int_equal(symlink("/etc", path), 0);
    assert_int_equal(read_plugin(&bundle, "hello"), 0);
    assert_int_equal(bundle->modules_count, 1);
    bundle_release(bundle);
    end_folder();
}

TEST(bundle, pipe_is_refused_without_waiting_for_a_writer)
{
    char path[128];
    start_plugin();
    snprintf(path, sizeof(path), "%s/hello/rules.lua", root);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(ERR_INVALID, "hello/rules.lua: not a regular file");
}

TEST(bundle, huge_file_is_refused_unread)
{
    char path[128];
    start_plugin();
    put("hello/rules.lua", "");
    snprintf(path, sizeof(path), "%s/hello/rules.lua", root);
    assert_int_equal(truncate(path, (off_t)BUNDLE_BYTES_MAX + 1), 0);
    assert_refused(ERR_TOO_LARGE, "hello/rules.lua: more than 8388608 bytes in one plugin");
}

TEST(bundle, one_file_too_many_is_refused)
{
    struct bundle *bundle;
    start_plugin();
    for (int i = 0; i < BUNDLE_FILES_MAX - 1; i++) {
        char path[64];
        snprintf(path, sizeof(path), "hello/m%d.lua", i);
        put(path, "");
    }
    assert_int_equal(read_plugin(&bundle, "hello"), ERR_TOO_LARGE);
    assert_non_null(strstr(message, "more than 256 files in one plugin"));
    end_folder();
}

TEST(bundle, folders_too_deep_are_refused)
{
    start_plugin();
    put("hello/a/b/c/d/e/f.lua", "");
    assert_refused(ERR_TOO_LARGE, "hello/a/b/c/d/e: the name is too long or too deep in folders");
}

TEST(bundle, module_can_not_take_the_name_of_another)
{
    start_plugin();
    put("hello/sub.part.lua", "");
    assert_refused(ERR_INVALID, "hello/sub.part.lua: a module's name has letters, digits, '_' and "
                                "'-' and is not in mesh/");
    start_plugin();
    put("hello/mesh/kv.lua", "");
    assert_refused(ERR_INVALID, "hello/mesh/kv.lua: a module's name has letters, digits, '_' and "
                                "'-' and is not in mesh/");
}

TEST(bundle, migration_needs_a_number_of_its_own)
{
    static const char *const bad[] = {"start", "1_start", "0000_kv", "0001", "00010_a", "0001_A"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[64];
        char words[128];
        start_plugin();
        snprintf(path, sizeof(path), "hello/migrations/%s.sql", bad[i]);
        put(path, "");
        snprintf(words, sizeof(words), "%s: a name from 0001_word.sql on expected", path);
        assert_refused(ERR_INVALID, words);
    }
    start_plugin();
    put("hello/migrations/0001_a.sql", "");
    put("hello/migrations/0001_b.sql", "");
    assert_refused(ERR_INVALID, "hello/migrations/0001_b.sql: two migrations have the same number");
}

TEST(bundle, every_plugin_in_the_program_can_be_read)
{
    const char *name;
    const char *before = "";
    size_t count = 0;
    for (; (name = bundle_builtin_name(count)); count++) {
        struct bundle *bundle = NULL;
        int err = bundle_read_builtin(&bundle, name, message, sizeof(message));
        if (err) {
            fail_msg("%s: %s", err_name(err), message);
        }
        assert_string_equal(bundle->manifest->name, name);
        assert_null(bundle->folder);
        assert_true(strcmp(before, name) < 0);
        for (size_t i = 0; i < bundle->modules_count; i++) {
            assert_null(strstr(bundle->modules[i].name, "spec"));
        }
        bundle_release(bundle);
        before = name;
    }
    assert_true(count > 0);
}

TEST(bundle, plugin_that_is_not_in_the_program_is_not_found)
{
    struct bundle *bundle = NULL;
    assert_int_equal(bundle_read_builtin(&bundle, "cha", message, sizeof(message)), ERR_NOT_FOUND);
    assert_string_equal(message, "no plugin \"cha\" is built in");
}

TEST_MAIN
