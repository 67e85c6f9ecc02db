/*
 * A slice of bytes that somebody else owns. Whoever keeps one beyond the call
 * copies it.
 */
#ifndef HOST_BASE_BYTES_H
#define HOST_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const char *data;
    size_t len;
};

#define BYTES(literal) ((struct bytes){(literal), sizeof(literal) - 1})
#define BYTES_NONE ((struct bytes){NULL, 0})

/* The bytes of a C string, without its NUL; NULL gives BYTES_NONE. */
struct bytes bytes_of(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_equal_text(struct bytes a, const char *text);
bool bytes_starts_with(struct bytes a, struct bytes prefix);
/* As memcmp; a shorter one that is a prefix comes first. */
int bytes_compare(struct bytes a, struct bytes b);
/* Not for hash tables that a peer fills unless `seed` is secret to him. */
uint64_t bytes_hash(struct bytes a, uint64_t seed);
/* The process's own random seed, made at the first call. */
uint64_t bytes_hash_seed(void);

/*
 * Lower-case ASCII hexadecimal and base64url without padding (RFC 4648,
 * section 5). Encoders write no NUL and return what they wrote; `out` must
 * hold HEX_LEN or BASE64URL_LEN bytes. The decoder returns the number of
 * bytes, or ERR_SYNTAX for padding, a foreign character, an impossible length
 * or bits set that carry nothing; `out` must hold BASE64URL_BYTES_MAX.
 */
#define HEX_LEN(bytes) ((size_t)(bytes)*2)
#define BASE64URL_LEN(bytes) (((size_t)(bytes)*4 + 2) / 3)
#define BASE64URL_BYTES_MAX(len) ((size_t)(len)*3 / 4 + 1)
size_t bytes_to_hex(char *out, struct bytes in);
size_t bytes_to_base64url(char *out, struct bytes in);
long bytes_from_base64url(char *out, struct bytes in);

#endif
