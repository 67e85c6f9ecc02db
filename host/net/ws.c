#include "host/net/ws.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/utf8.h"
#include "host/net/conn.h"
#include "host/net/frame_private.h"

#include <libwebsockets.h>
#include <string.h>

#define KEY_LEN 24

static bool opcode_is_known(unsigned opcode)
{
    return opcode <= FRAME_BINARY || (opcode >= FRAME_CLOSE && opcode <= FRAME_PONG);
}

/* The length field: 0, ERR_TRUNCATED, ERR_SYNTAX. */
static int read_len(struct ws_header *out, const unsigned char *in, size_t len)
{
    unsigned len_byte = in[1] & 0x7f;
    size_t more = len_byte == 126 ? 2 : len_byte == 127 ? 8 : 0;
    out->payload_len = more == 0 ? len_byte : 0;
    out->len = 2 + more + sizeof(out->mask);
    if (len < out->len) {
        return ERR_TRUNCATED;
    }
    for (size_t i = 0; i < more; i++) {
        out->payload_len = out->payload_len << 8 | in[2 + i];
    }
    memcpy(out->mask, in + 2 + more, sizeof(out->mask));
    bool is_longer_than_needed =
        (more == 2 && out->payload_len < 126) || (more == 8 && out->payload_len <= UINT16_MAX);
    return is_longer_than_needed || out->payload_len > INT64_MAX ? ERR_SYNTAX : 0;
}

int ws_read_header(struct ws_header *out, struct bytes in, bool may_compress)
{
    if (in.len < 2) {
        return ERR_TRUNCATED;
    }
    const unsigned char *data = (const unsigned char *)in.data;
    out->is_final = (data[0] & 0x80) != 0;
    out->is_compressed = (data[0] & 0x40) != 0;
    out->opcode = data[0] & 0x0f;
    bool is_control = out->opcode >= FRAME_CLOSE;
    bool may_have_rsv1 = may_compress && (out->opcode == FRAME_TEXT || out->opcode == FRAME_BINARY);
    if ((data[0] & 0x30) != 0 || (out->is_compressed && !may_have_rsv1) ||
        !opcode_is_known(out->opcode) || (data[1] & 0x80) == 0) {
        return ERR_SYNTAX;
    }
    if (is_control && (!out->is_final || (data[1] & 0x7f) > WS_CONTROL_MAX)) {
        return ERR_SYNTAX;
    }
    return read_len(out, data, in.len);
}

void ws_unmask(char *data, size_t len, const unsigned char mask[4])
{
    uint64_t wide_mask;
    memcpy(&wide_mask, mask, 4);
    memcpy((char *)&wide_mask + 4, mask, 4);
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t wide;
        memcpy(&wide, data + i, 8);
        wide ^= wide_mask;
        memcpy(data + i, &wide, 8);
    }
    for (; i < len; i++) {
        data[i] = (char)((unsigned char)data[i] ^ mask[i % 4]);
    }
}

/* RFC 6455, section 7.4; 1012 to 1014 were registered with IANA later. */
static bool code_may_travel(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

unsigned ws_read_close(struct bytes payload, struct bytes *reason)
{
    *reason = BYTES_NONE;
    if (payload.len == 0) {
        return CLOSE_NORMAL;
    }
    if (payload.len == 1) {
        return CLOSE_PROTOCOL_ERROR;
    }
    unsigned code = (unsigned)(unsigned char)payload.data[0] << 8 | (unsigned char)payload.data[1];
    if (!code_may_travel(code)) {
        return CLOSE_PROTOCOL_ERROR;
    }
    *reason = (struct bytes){payload.data + 2, payload.len - 2};
    return utf8_is_valid(*reason) ? code : CLOSE_NOT_UTF8;
}

bool ws_is_key(const char *key)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return strlen(key) == KEY_LEN && strspn(key, alphabet) == KEY_LEN - 2 &&
           memcmp(key + KEY_LEN - 2, "==", 2) == 0;
}

void ws_accept_key(char out[29], const char *key)
{
    static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char joined[KEY_LEN + sizeof(suffix) - 1];
    unsigned char digest[20];
    CHECK(strlen(key) == KEY_LEN);
    memcpy(joined, key, KEY_LEN);
    memcpy(joined + KEY_LEN, suffix, sizeof(suffix) - 1);
    lws_SHA1(joined, sizeof(joined), digest);
    char encoded[32]; /* lws wants more room than it uses */
    CHECK(lws_b64_encode_string((const char *)digest, sizeof(digest), encoded, sizeof(encoded)) ==
          28);
    memcpy(out, encoded, 29);
}
