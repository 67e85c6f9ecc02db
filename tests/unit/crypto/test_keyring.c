#include "host/base/err.h"
#include "host/crypto/keyring.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
    char key_path[128];
    char message[512];
};

static void folder_open(struct folder *folder)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/keyring-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->key_path, sizeof(folder->key_path), "%s/secret.key", folder->path);
    folder->message[0] = '\0';
}

static void folder_close(struct folder *folder)
{
    unlink(folder->key_path);
    assert_int_equal(rmdir(folder->path), 0); /* nothing else was left there */
}

static void folder_write(const struct folder *folder, size_t len, mode_t mode)
{
    static const char bytes[64];
    int fd = open(folder->key_path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int open_in(struct folder *folder, struct keyring **out)
{
    return keyring_open_folder(out, folder->path, folder->message, sizeof(folder->message));
}

TEST(keyring, first_start_makes_a_key_for_the_owner_only)
{
    struct folder folder;
    struct keyring *keyring = NULL;
    struct stat info;
    folder_open(&folder);
    mode_t before = umask(0);
    assert_int_equal(open_in(&folder, &keyring), 0);
    umask(before);
    assert_int_equal(stat(folder.key_path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, 32);
    keyring_free(keyring);
    folder_close(&folder);
}

TEST(keyring, second_start_gives_the_same_keys)
{
    struct folder folder;
    uint8_t keys[2][KEYRING_KEY_BYTES];
    folder_open(&folder);
    for (unsigned i = 0; i < 2; i++) {
        struct keyring *keyring = NULL;
        assert_int_equal(open_in(&folder, &keyring), 0);
        keyring_derive(keyring, "users", BYTES("token"), keys[i]);
        keyring_free(keyring);
    }
    assert_memory_equal(keys[0], keys[1], KEYRING_KEY_BYTES);
    folder_close(&folder);
}

TEST(keyring, key_file_of_another_size_is_damaged)
{
    struct keyring *keyring = NULL;
    const size_t sizes[] = {0, 31, 33};
    for (size_t i = 0; i < 3; i++) {
        struct folder folder;
        folder_open(&folder);
        folder_write(&folder, sizes[i], 0600);
        assert_int_equal(open_in(&folder, &keyring), ERR_CORRUPT);
        assert_non_null(strstr(folder.message, "secret.key"));
        assert_non_null(strstr(folder.message, "32 bytes"));
        folder_close(&folder);
    }
}

TEST(keyring, key_file_that_others_may_touch_is_refused)
{
    struct keyring *keyring = NULL;
    const mode_t modes[] = {0640, 0604, 0620, 0601};
    for (size_t i = 0; i < 4; i++) {
        struct folder folder;
        folder_open(&folder);
        folder_write(&folder, 32, modes[i]);
        assert_int_equal(open_in(&folder, &keyring), ERR_DENIED);
        assert_non_null(strstr(folder.message, "chmod 600"));
        folder_close(&folder);
    }
}

TEST(keyring, folder_that_is_not_there_is_told)
{
    struct keyring *keyring = NULL;
    char message[128];
    assert_int_equal(keyring_open_folder(&keyring, "/nowhere/at/all", message, sizeof(message)),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(message, "/nowhere/at/all/secret.key"));
}

TEST(keyring, leftover_of_an_interrupted_start_does_no_harm)
{
    struct folder folder;
    struct keyring *keyring = NULL;
    char leftover[128];
    folder_open(&folder);
    snprintf(leftover, sizeof(leftover), "%s/.secret.key.new", folder.path);
    close(open(leftover, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(open_in(&folder, &keyring), 0);
    keyring_free(keyring);
    folder_close(&folder);
}

TEST(keyring, owners_and_names_have_keys_of_their_own)
{
    struct keyring *keyring = keyring_new_random();
    struct keyring *other = keyring_new_random();
    uint8_t keys[5][KEYRING_KEY_BYTES];
    keyring_derive(keyring, "users", BYTES("token"), keys[0]);
    keyring_derive(keyring, "users", BYTES("tokens"), keys[1]);
    keyring_derive(keyring, "user", BYTES("stoken"), keys[2]); /* the same bytes in a row */
    keyring_derive(keyring, "chat", BYTES("token"), keys[3]);
    keyring_derive(other, "users", BYTES("token"), keys[4]);
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert_memory_not_equal(keys[i], keys[j], KEYRING_KEY_BYTES);
        }
    }
    keyring_free(keyring);
    keyring_free(other);
}

TEST_MAIN
