#include "tests/load/wire.h"

#include "host/base/err.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 40

static const char mask_key[4] = {0x37, 0x7a, 0x21, 0x3d};

size_t wire_head(char out[WIRE_HEAD_MAX], unsigned opcode, size_t payload_bytes, bool masked)
{
    size_t len = 2;
    unsigned first = 0;
    out[0] = (char)(0x80 | opcode);
    if (payload_bytes < 126) {
        first = (unsigned)payload_bytes;
    } else if (payload_bytes < 65536) {
        first = 126;
        out[len++] = (char)(payload_bytes >> 8);
        out[len++] = (char)payload_bytes;
    } else {
        first = 127;
        for (int shift = 56; shift >= 0; shift -= 8) {
            out[len++] = (char)(payload_bytes >> shift);
        }
    }
    out[1] = (char)(first | (masked ? 0x80 : 0));
    if (masked) {
        memcpy(out + len, mask_key, sizeof(mask_key));
        len += sizeof(mask_key);
    }
    return len;
}

void wire_mask(char *data, size_t len, const char key[4])
{
    uint64_t wide;
    size_t i = 0;
    memcpy(&wide, key, 4);
    wide |= wide << 32;
    for (; i + 8 <= len; i += 8) {
        uint64_t eight;
        memcpy(&eight, data + i, 8);
        eight ^= wide;
        memcpy(data + i, &eight, 8);
    }
    for (; i < len; i++) {
        data[i] = (char)(data[i] ^ key[i & 3]);
    }
}

/* The payload's length and where the head ends before the mask; 0 when that is not there yet. */
static size_t read_length(const char *data, size_t len, uint64_t *payload)
{
    if (len < 2) {
        return 0;
    }
    *payload = data[1] & 0x7f;
    size_t more = *payload == 126 ? 2 : *payload == 127 ? 8 : 0;
    if (len < 2 + more) {
        return 0;
    }
    if (more > 0) {
        *payload = 0;
    }
    for (size_t i = 0; i < more; i++) {
        *payload = *payload << 8 | (unsigned char)data[2 + i];
    }
    return 2 + more;
}

long wire_take(char *data, size_t len, size_t bytes_max, struct wire_frame *out)
{
    uint64_t payload;
    size_t head = read_length(data, len, &payload);
    if (head == 0) {
        return 0;
    }
    bool masked = (data[1] & 0x80) != 0;
    size_t at = head + (masked ? 4 : 0);
    if (payload > bytes_max - WIRE_HEAD_MAX) {
        return ERR_TOO_LARGE;
    }
    if (len < at + payload) {
        return 0;
    }
    if (masked) {
        wire_mask(data + at, payload, data + head);
    }
    *out = (struct wire_frame){(unsigned)data[0] & 0x0f, {data + at, payload}};
    return (long)(at + payload);
}

/* What stands behind `"name":`, or NULL. */
static const char *find(struct bytes json, const char *name)
{
    char wanted[NAME_MAX_BYTES];
    int len = snprintf(wanted, sizeof(wanted), "\"%s\":", name);
    const char *at = memmem(json.data, json.len, wanted, (size_t)len);
    return at == NULL ? NULL : at + len;
}

struct bytes wire_string(struct bytes json, const char *name)
{
    const char *from = find(json, name);
    const char *end = json.data + json.len;
    if (from == NULL || from == end || *from != '"') {
        return BYTES_NONE;
    }
    from++;
    const char *to = memchr(from, '"', (size_t)(end - from));
    return to == NULL ? BYTES_NONE : (struct bytes){from, (size_t)(to - from)};
}

int64_t wire_integer(struct bytes json, const char *name)
{
    const char *at = find(json, name);
    const char *end = json.data + json.len;
    if (at == NULL || at == end || *at < '0' || *at > '9') {
        return -1;
    }
    int64_t value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (*at - '0');
    }
    return value;
}
