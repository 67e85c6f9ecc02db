/* A plugin.json that somebody wrote, or that nobody would write. */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/base/utf8.h"
#include "lua/manifest.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct text_list *list)
{
    CHECK(list->count <= MANIFEST_LIST_MAX);
    for (size_t i = 0; i < list->count; i++) {
        CHECK(list->items[i][0] != '\0');
        (void)text_list_matches(list, bytes_of(list->items[i]));
    }
}

static void check_manifest(const struct manifest *manifest)
{
    const struct manifest_limits *limits = &manifest->limits;
    CHECK(strlen(manifest->name) >= 2 && strlen(manifest->name) <= PLUGIN_NAME_MAX);
    CHECK(manifest->version[0] != '\0');
    CHECK(limits->cpu_ms >= 1 && limits->cpu_ms <= 1000);
    CHECK(limits->wall_ms >= 10 && limits->wall_ms <= 60000);
    CHECK(limits->memory_mb >= 1 && limits->memory_mb <= 256);
    CHECK(limits->timers <= 100000);
    CHECK(limits->calls >= 1 && limits->calls <= 10000);
    CHECK((manifest->config == NULL) == (manifest->config_json == NULL));
    check_list(&manifest->requires);
    check_list(&manifest->db_reads);
    check_list(&manifest->bus_publish);
    check_list(&manifest->bus_subscribe);
    check_list(&manifest->calls);
    check_list(&manifest->hooks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char message[512] = "";
    struct manifest *manifest = NULL;
    int err =
        manifest_new(&manifest, (struct bytes){(const char *)data, size}, message, sizeof(message));
    if (err) {
        CHECK(err == ERR_SYNTAX || err == ERR_INVALID || err == ERR_TOO_LARGE);
        CHECK(message[0] != '\0' && strpbrk(message, "\r\n") == NULL);
        return 0;
    }
    check_manifest(manifest);
    manifest_free(manifest);
    return 0;
}
