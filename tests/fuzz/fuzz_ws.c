/* Frames of a WebSocket client, one after the other, as far as they are frames. */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/base/utf8.h"
#include "host/net/ws.h"

#include <string.h>

enum { CLOSE = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(const struct ws_header *header, struct bytes in)
{
    CHECK(header->len >= 6 && header->len <= WS_HEADER_MAX && header->len <= in.len);
    CHECK(header->opcode <= 2 || (header->opcode >= 8 && header->opcode <= 10));
    CHECK(header->payload_len <= INT64_MAX);
    if (header->opcode >= CLOSE) {
        CHECK(header->is_final && header->payload_len <= WS_CONTROL_MAX);
        CHECK(!header->is_compressed);
    }
    /* Not a byte less would have done. */
    struct ws_header shorter;
    CHECK(ws_read_header(&shorter, (struct bytes){in.data, header->len - 1}, true) ==
          ERR_TRUNCATED);
}

static void check_close(struct bytes payload)
{
    struct bytes reason;
    unsigned code = ws_read_close(payload, &reason);
    CHECK(code >= 1000 && code <= 4999);
    CHECK(reason.len <= payload.len);
    if (code != 1002 && code != 1007) {
        CHECK(utf8_is_valid(reason));
    }
}

/* Taking the mask off twice changes nothing. */
static void check_payload(const struct ws_header *header, struct bytes payload)
{
    char *copy = mem_copy_text(payload.len ? payload.data : "", payload.len);
    ws_unmask(copy, payload.len, header->mask);
    if (header->opcode == CLOSE) {
        check_close((struct bytes){copy, payload.len});
    }
    ws_unmask(copy, payload.len, header->mask);
    CHECK(payload.len == 0 || memcmp(copy, payload.data, payload.len) == 0);
    mem_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool may_compress = size > 0 && (data[size - 1] & 1);
    struct bytes in = {(const char *)data, size};
    struct ws_header header;
    check_close(in);
    while (in.len > 0) {
        int err = ws_read_header(&header, in, may_compress);
        if (err) {
            CHECK(err == ERR_TRUNCATED || err == ERR_SYNTAX);
            break;
        }
        CHECK(may_compress || !header.is_compressed);
        check_header(&header, in);
        size_t left = in.len - header.len;
        size_t len = header.payload_len < left ? (size_t)header.payload_len : left;
        check_payload(&header, (struct bytes){in.data + header.len, len});
        in = (struct bytes){in.data + header.len + len, left - len};
    }
    return 0;
}
