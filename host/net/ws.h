/*
 * What a WebSocket peer may send (RFC 6455, section 5), as functions of bytes
 * alone, so that fuzzers and tests reach them without a socket.
 */
#ifndef HOST_NET_WS_H
#define HOST_NET_WS_H

#include "host/base/bytes.h"

#define WS_HEADER_MAX 14 /* with the mask */
#define WS_CONTROL_MAX 125
#define CLOSE_PROTOCOL_ERROR 1002

struct ws_header {
    bool is_final;
    bool is_compressed; /* RSV1; refused unless compression was agreed */
    unsigned opcode;
    size_t len; /* of the header itself */
    uint64_t payload_len;
    unsigned char mask[4];
};

/*
 * Reads a client's frame header. 0, ERR_TRUNCATED when more bytes are needed,
 * ERR_SYNTAX for what the RFC forbids in a header: reserved bits and opcodes,
 * no mask, long or fragmented control frames.
 */
int ws_read_header(struct ws_header *out, struct bytes in, bool may_compress);
/* Takes the mask off in place. */
void ws_unmask(char *data, size_t len, const unsigned char mask[4]);
/*
 * Judges a close frame's payload. Returns the code to answer with: the peer's,
 * 1000 for none, 1002 or 1007 if it is wrong. *reason gets the peer's reason.
 */
unsigned ws_read_close(struct bytes payload, struct bytes *reason);
/* Sec-WebSocket-Accept for a key; out takes 28 characters and a NUL. */
void ws_accept_key(char out[29], const char *key);
bool ws_is_key(const char *key);

#endif
