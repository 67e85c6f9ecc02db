/*
 * WebSocket frames (RFC 6455) and looks into JSON, for the two programs of the
 * bench, which talk to each other and to the server. They trust what they
 * read: the bench measures, the tests of the server check.
 */
#ifndef TESTS_LOAD_WIRE_H
#define TESTS_LOAD_WIRE_H

#include "host/base/bytes.h"

#define WIRE_HEAD_MAX 14 /* with a mask */
#define WIRE_TEXT 1
#define WIRE_CLOSE 8
#define WIRE_PING 9
#define WIRE_PONG 10

/* The pair of RFC 6455, section 1.3: one key for all, so that nobody has to compute SHA-1. */
#define WIRE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WIRE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

struct wire_frame {
    unsigned opcode;
    struct bytes payload; /* unmasked; lent from where the frame lies */
};

/* Writes a frame's head and returns its length; a masked one has the mask at its end. */
size_t wire_head(char out[WIRE_HEAD_MAX], unsigned opcode, size_t payload_bytes, bool masked);
/* Masks or unmasks in place. */
void wire_mask(char *data, size_t len, const char key[4]);
/* Takes a whole frame off the front, unmasking it in place. Returns its length with the head, 0
 * when more bytes are needed, ERR_TOO_LARGE when it can't fit in bytes_max. */
long wire_take(char *data, size_t len, size_t bytes_max, struct wire_frame *out);

/* The string member of this name at any depth, or no bytes. Good for texts without escapes. */
struct bytes wire_string(struct bytes json, const char *name);
/* The integer member of this name at any depth, or -1. */
int64_t wire_integer(struct bytes json, const char *name);

#endif
