/*
 * The server's keys. One master key of 32 bytes lies in the data folder; all
 * others are derived from it by owner and name, so plugins have keys without
 * any of them being stored, and never see them. Without this file sealed data
 * cannot be opened again: it belongs into the backup, apart from the database.
 */
#ifndef HOST_CRYPTO_KEYRING_H
#define HOST_CRYPTO_KEYRING_H

#include "host/base/bytes.h"

struct keyring;

#define KEYRING_FILE "secret.key"
#define KEYRING_KEY_BYTES 32

/*
 * Reads the key file of the folder, or makes it (0600, complete or not at all,
 * on the disk when this returns). 0 and a keyring to release; or ERR_CORRUPT (a
 * wrong size), ERR_DENIED (others may read it, or we may not), or the world's
 * errors. message says which file and what to do.
 */
int keyring_open_folder(struct keyring **out, const char *folder, char *message,
                        size_t message_size);
/* Returns one with a random key that is nowhere else, for tests and servers without a folder. */
struct keyring *keyring_new_random(void);
/* Wipes the key. */
void keyring_free(struct keyring *keyring);

/* The key of this owner and name, always the same. Any thread. Wipe it after use. */
void keyring_derive(const struct keyring *keyring, const char *owner, struct bytes name,
                    uint8_t key[KEYRING_KEY_BYTES]);

#endif
