#include "host/crypto/keyring.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/crypto/crypto.h"
#include "host/crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE ".secret.key.new"

_Static_assert(KEYRING_KEY_BYTES == crypto_generichash_KEYBYTES, "key");

struct keyring {
    uint8_t master[KEYRING_KEY_BYTES];
};

struct key_file {
    char path[PATH_MAX];
    char *message;
    size_t message_size;
};

static int tell(struct key_file *file, int err, const char *what)
{
    snprintf(file->message, file->message_size, "%s: %s", file->path, what);
    return err;
}

static int tell_errno(struct key_file *file, int system_errno)
{
    return tell(file, err_from_errno(system_errno), strerror(system_errno));
}

static int check_file(struct key_file *file, int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return tell_errno(file, errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return tell(file, ERR_CORRUPT, "is not a regular file");
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return tell(file, ERR_DENIED,
                    "other users may read or change it; run: chmod 600 on this file");
    }
    if (info.st_size != KEYRING_KEY_BYTES) {
        return tell(file, ERR_CORRUPT, "must have exactly 32 bytes; restore it from a backup");
    }
    return 0;
}

static int read_key(struct key_file *file, struct keyring *keyring)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return tell_errno(file, errno);
    }
    int err = check_file(file, fd);
    if (!err) {
        ssize_t got = read(fd, keyring->master, KEYRING_KEY_BYTES);
        if (got != KEYRING_KEY_BYTES) {
            err = got < 0 ? tell_errno(file, errno) : tell(file, ERR_CORRUPT, "ends too early");
        }
    }
    close(fd);
    return err;
}

/* A failure here is the disk's, and the errno of the call that failed is left. */
static bool write_key_file(int fd)
{
    uint8_t key[KEYRING_KEY_BYTES];
    random_fill(key, sizeof(key));
    ssize_t put = write(fd, key, sizeof(key));
    crypto_wipe(key, sizeof(key));
    if (put >= 0 && put != KEYRING_KEY_BYTES) {
        errno = ENOSPC;
    }
    return put == KEYRING_KEY_BYTES && fsync(fd) == 0;
}

/*
 * The file gets its name when its bytes are on the disk, by link(), which
 * never replaces a key that somebody made meanwhile.
 */
static int make_key_in(struct key_file *file, int folder_fd)
{
    unlinkat(folder_fd, NEW_FILE, 0); /* of a start that was interrupted */
    int fd =
        openat(folder_fd, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return tell_errno(file, errno);
    }
    int failed = write_key_file(fd) ? 0 : errno;
    close(fd);
    if (!failed && linkat(folder_fd, NEW_FILE, folder_fd, KEYRING_FILE, 0) != 0 &&
        errno != EEXIST) {
        failed = errno;
    }
    unlinkat(folder_fd, NEW_FILE, 0);
    if (!failed && fsync(folder_fd) != 0) {
        failed = errno;
    }
    return failed ? tell_errno(file, failed) : 0;
}

static int make_key(struct key_file *file, const char *folder)
{
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0) {
        return tell_errno(file, errno);
    }
    int err = make_key_in(file, folder_fd);
    close(folder_fd);
    return err;
}

static struct keyring *keyring_new(void)
{
    struct keyring *keyring = mem_alloc(sizeof(*keyring));
    /* Out of swap and core dumps where the system lets us; not worth failing for. */
    (void)sodium_mlock(keyring, sizeof(*keyring));
    return keyring;
}

int keyring_open_folder(struct keyring **out, const char *folder, char *message,
                        size_t message_size)
{
    struct key_file file = {.message = message, .message_size = message_size};
    int len = snprintf(file.path, sizeof(file.path), "%s/%s", folder, KEYRING_FILE);
    if (len < 0 || (size_t)len >= sizeof(file.path)) {
        return tell_errno(&file, ENAMETOOLONG);
    }
    struct keyring *keyring = keyring_new();
    int err = read_key(&file, keyring);
    if (err == ERR_NOT_FOUND) {
        err = make_key(&file, folder);
        err = err ? err : read_key(&file, keyring);
    }
    if (err) {
        keyring_free(keyring);
        return err;
    }
    *out = keyring;
    return 0;
}

struct keyring *keyring_new_random(void)
{
    struct keyring *keyring = keyring_new();
    random_fill(keyring->master, sizeof(keyring->master));
    return keyring;
}

void keyring_free(struct keyring *keyring)
{
    if (keyring == NULL) {
        return;
    }
    sodium_munlock(keyring, sizeof(*keyring)); /* wipes it, too */
    mem_free(keyring);
}

static void add_part(crypto_generichash_state *state, struct bytes part)
{
    /* The length first, so that ("ab", "c") and ("a", "bc") are different keys. */
    uint8_t len[8];
    for (unsigned i = 0; i < sizeof(len); i++) {
        len[i] = (uint8_t)((uint64_t)part.len >> (8 * i));
    }
    CHECK(crypto_generichash_update(state, len, sizeof(len)) == 0);
    CHECK(crypto_generichash_update(state, (const uint8_t *)part.data, part.len) == 0);
}

void keyring_derive(const struct keyring *keyring, const char *owner, struct bytes name,
                    uint8_t key[KEYRING_KEY_BYTES])
{
    crypto_generichash_state state;
    CHECK(crypto_generichash_init(&state, keyring->master, KEYRING_KEY_BYTES, KEYRING_KEY_BYTES) ==
          0);
    add_part(&state, BYTES("chattermesh key 1"));
    add_part(&state, bytes_of(owner));
    add_part(&state, name);
    CHECK(crypto_generichash_final(&state, key, KEYRING_KEY_BYTES) == 0);
    crypto_wipe(&state, sizeof(state));
}
