/*
 * Each file of tests/sandbox is an attack. Its first line says how the event
 * that runs it ends: "-- ends: ERR_BUDGET text", alternatives after a bar; the
 * text is found in the message. Whatever it does, another cell on the same
 * thread answers afterwards, and so does a fresh event in the attacked one.
 */
#include "tests/unit/lua/cells.h"

#include <dirent.h>

#define SOURCE_MAX 65536
#define FOLDER "/sandbox"

static char *folder(void)
{
    static char path[1024];
    snprintf(path, sizeof(path), "%s", __FILE__);
    for (int i = 0; i < 3; i++) { /* tests/unit/lua/test_sandbox.c */
        char *slash = strrchr(path, '/');
        assert_non_null(slash);
        *slash = '\0';
    }
    size_t len = strlen(path);
    assert_true(snprintf(path + len, sizeof(path) - len, "%s", FOLDER) < (int)(sizeof(path) - len));
    return path;
}

static bool ends_as(const char *expected, size_t len, const struct probe *probe)
{
    char text[128];
    snprintf(text, sizeof(text), "%.*s", (int)len, expected);
    const char *name = probe->err ? err_name(probe->err) : "0";
    char *space = strchr(text, ' ');
    if (space != NULL) {
        *space = '\0';
    }
    return strcmp(text, name) == 0 && (space == NULL || strstr(probe->message, space + 1) != NULL);
}

static bool ends_as_said(const char *source, const struct probe *probe)
{
    const char *at = source + strlen("-- ends: ");
    size_t line = strcspn(at, "\n");
    for (size_t from = 0; from <= line;) {
        size_t len = strcspn(at + from, "|\n");
        if (ends_as(at + from, len, probe)) {
            return true;
        }
        from += len + 1;
    }
    return false;
}

static bool attack(const char *path, const char *name, struct cell *bystander)
{
    static char source[SOURCE_MAX];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(source, 1, sizeof(source) - 1, file);
    fclose(file);
    source[len] = '\0';
    assert_memory_equal(source, "-- ends: ", 9);

    /* Where CPU time is not what ends it, a slow machine must not make it so. */
    size_t line = strcspn(source, "\n");
    bool by_cpu = memmem(source, line, "CPU time", 8) != NULL;
    struct cell *cell = open_cell_with((struct cell_options){
        .memory_soft = 4U << 20,
        .cpu_ms_max = by_cpu ? 30 : 1000,
    });
    struct probe probe;
    probe_run(&probe, cell, source);
    bool ok = probe.ends == 1 && ends_as_said(source, &probe);
    if (!ok) {
        print_error("%s: ended %d times with %s: %s\n%s\n", name, probe.ends, err_name(probe.err),
                    probe.message, probe.trace);
    }
    assert_string_equal(evaluate(bystander, "return 'unharmed'"), "unharmed");
    assert_string_equal(evaluate(cell, "return 'still here'"), "still here");
    cell_free(cell);
    return ok;
}

TEST(sandbox, every_attack_ends_as_its_file_says)
{
    assert_int_equal(budget_thread_open(), 0);
    struct cell *bystander = open_cell();
    const char *only = getenv("SANDBOX_ONLY");
    int attacks = 0;
    int failures = 0;
    DIR *files = opendir(folder());
    assert_non_null(files);
    for (struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files)) {
        if (strstr(entry->d_name, ".lua") == NULL ||
            (only != NULL && strcmp(only, entry->d_name) != 0)) {
            continue;
        }
        char path[2048];
        snprintf(path, sizeof(path), "%s/%s", folder(), entry->d_name);
        failures += !attack(path, entry->d_name, bystander);
        attacks++;
    }
    closedir(files);
    cell_free(bystander);
    budget_thread_close();
    assert_int_equal(failures, 0);
    assert_true(attacks > 0);
}

TEST_MAIN
