/* What is read is written, read again and written again: both texts must be the same. */
#include "host/base/check.h"
#include "host/base/json.h"
#include "host/base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define OUT_BYTES_MAX (1U << 26)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nodes must nest: a child ends inside its parent, and sizes count children. */
static void check_nodes(const struct json_doc *doc)
{
    for (uint32_t i = 0; i < doc->count; i++) {
        const struct json_node *node = &doc->nodes[i];
        CHECK(node->next > i && node->next <= doc->count);
        if (node->type != JSON_ARRAY && node->type != JSON_OBJECT) {
            CHECK(node->next == i + 1);
            CHECK(node->type != JSON_STRING || utf8_is_valid(json_string(node)));
            continue;
        }
        uint32_t children = 0;
        uint32_t at = i + 1;
        while (at < node->next) {
            at = doc->nodes[at].next;
            children++;
        }
        CHECK(at == node->next);
        CHECK(children == (node->type == JSON_OBJECT ? node->size * 2 : node->size));
    }
}

static void write_and_read_again(const struct json_doc *doc, bool canonical)
{
    struct buf first;
    struct buf second;
    struct json_doc again;
    buf_open(&first, OUT_BYTES_MAX);
    buf_open(&second, OUT_BYTES_MAX);
    json_open(&again);
    CHECK(json_write_node(&first, doc, doc->nodes, canonical) == 0);
    CHECK(json_parse(&again, buf_bytes(&first), NULL) == 0);
    CHECK(json_write_node(&second, &again, again.nodes, canonical) == 0);
    CHECK(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
    json_close(&again);
    buf_close(&first);
    buf_close(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc;
    json_open(&doc);
    struct bytes in = {(const char *)data, size};
    int err = json_parse(&doc, in, NULL);
    CHECK(doc.error_offset <= size);
    if (!err) {
        CHECK(utf8_is_valid(in));
        check_nodes(&doc);
        write_and_read_again(&doc, false);
        write_and_read_again(&doc, true);
    }
    json_close(&doc);
    return 0;
}
