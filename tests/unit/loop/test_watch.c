#include "host/base/err.h"
#include "host/loop/loop.h"
#include "host/loop/watch.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/test-watch-XXXXXX";
static int changes;

static void changed_cb(void *ctx, const char *folder)
{
    assert_ptr_equal(ctx, &changes);
    assert_string_equal(folder, root);
    changes++;
}

static void path_of(char out[PATH_MAX], const char *name)
{
    (void)snprintf(out, PATH_MAX, "%s/%s", root, name);
}

static void touch(const char *name)
{
    char path[PATH_MAX];
    path_of(path, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(close(fd), 0);
}

static void wait_for_change(struct loop *loop)
{
    changes = 0;
    while (changes == 0) {
        loop_turn(loop, -1);
    }
}

TEST(watch, tells_of_files_in_the_folder_and_in_subfolders_that_came_later)
{
    char path[PATH_MAX];
    assert_non_null(mkdtemp(root));
    struct loop *loop = loop_new();
    struct watch *watch = NULL;
    assert_int_equal(watch_new(&watch, loop, root, changed_cb, &changes), 0);
    touch("a");
    wait_for_change(loop);
    path_of(path, "sub");
    assert_int_equal(mkdir(path, 0700), 0);
    wait_for_change(loop);
    touch("sub/b");
    wait_for_change(loop);
    path_of(path, "sub/b");
    assert_int_equal(unlink(path), 0);
    wait_for_change(loop);

    /* A folder replaced by another of the same name is watched as the new one. */
    path_of(path, "sub");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    wait_for_change(loop);
    touch("sub/c");
    wait_for_change(loop);

    watch_free(watch);
    loop_turn(loop, 0);
    path_of(path, "sub/c");
    assert_int_equal(unlink(path), 0);
    path_of(path, "sub");
    assert_int_equal(rmdir(path), 0);
    path_of(path, "a");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(root), 0);
    loop_free(loop);
}

TEST(watch, a_folder_that_is_not_there_is_not_found)
{
    struct loop *loop = loop_new();
    struct watch *watch = NULL;
    assert_int_equal(watch_new(&watch, loop, "/nowhere/at/all", changed_cb, NULL), ERR_NOT_FOUND);
    loop_turn(loop, 0);
    loop_free(loop);
}

TEST_MAIN
