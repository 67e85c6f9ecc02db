/*
 * Passwords, hashed with Argon2id on a pool's thread, since one takes
 * milliseconds of CPU and megabytes of memory. How many run at once is the
 * pool's number of threads.
 */
#ifndef HOST_CRYPTO_PASSWORD_H
#define HOST_CRYPTO_PASSWORD_H

#include "host/base/bytes.h"

struct loop;
struct pool;

#define PASSWORD_BYTES_MAX 1024
#define PASSWORD_HASH_SIZE 128 /* with its NUL */
#define PASSWORD_MEMORY_KIB 19456
#define PASSWORD_PASSES 2
/* What a stored hash may ask for; whoever writes hashes could else ask for all memory. */
#define PASSWORD_MEMORY_KIB_MAX (256U * 1024)
#define PASSWORD_MEMORY_KIB_MIN 8
#define PASSWORD_PASSES_MAX 16

struct password_options {
    uint32_t memory_kib; /* 0: PASSWORD_MEMORY_KIB */
    uint32_t passes;     /* 0: PASSWORD_PASSES */
};

/*
 * On the loop, once for each start that gave 0. Hashing: 0 and the hash in
 * PHC form, or ERR_NOMEM. Verifying: 0, or ERR_CRYPTO (another password),
 * ERR_SYNTAX (no hash of ours, or beyond the maxima), ERR_NOMEM. The hash is
 * lent during the call, "" unless it was made.
 */
typedef void (*password_done)(void *ctx, int err, const char *hash);

/* The password is copied and wiped when done. 0, ERR_TOO_LARGE, or ERR_FULL (the pool's queue). */
int password_hash(struct pool *pool, struct loop *loop, struct bytes password,
                  const struct password_options *options, password_done done, void *ctx);
/* Also verifies hashes made with other options than today's. */
int password_verify(struct pool *pool, struct loop *loop, struct bytes hash, struct bytes password,
                    password_done done, void *ctx);

#endif
