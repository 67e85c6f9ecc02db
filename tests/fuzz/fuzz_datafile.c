/* A configuration file in Lua: it may compute, but reach nothing and stay for ever nowhere. */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/json.h"
#include "lua/datafile.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const struct datafile *file)
{
    struct json_doc doc;
    json_open(&doc);
    CHECK(json_parse(&doc, bytes_of(file->json), &(struct json_limits){.nodes_max = 1U << 20}) ==
          0);
    CHECK(doc.nodes->type == JSON_OBJECT);
    json_close(&doc);
    CHECK(file->keys_count <= DATAFILE_KEYS_MAX);
    for (size_t i = 0; i < file->keys_count; i++) {
        const struct datafile_key *key = &file->keys[i];
        CHECK(key->line >= 1 && key->line <= key->end);
        CHECK(datafile_line(file, bytes_of(key->name), NULL) == key->line);
        (void)datafile_line(file, bytes_of(key->name), "port");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char message[512] = "";
    struct datafile file;
    int err = datafile_parse(&file, "fuzz.lua", (struct bytes){(const char *)data, size}, message,
                             sizeof(message));
    if (err) {
        CHECK(err == ERR_SYNTAX || err == ERR_TOO_LARGE || err == ERR_BUDGET || err == ERR_INVALID);
        CHECK(message[0] != '\0');
        return 0;
    }
    check_file(&file);
    datafile_close(&file);
    return 0;
}
