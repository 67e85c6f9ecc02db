/*
 * The copy is written beside its goal and gets its name when all of it is on
 * the disk, so a file of that name is always a whole backup.
 */
#include "storage/backup.h"

#include "host/base/err.h"
#include "storage/lock.h"
#include "storage/sqlite_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int copy_pages(struct conn *from, sqlite3 *to)
{
    /* The open read holds one version: pages written meanwhile do not start the copy anew. */
    int err = conn_own(from, OWN_BEGIN_READ);
    int64_t rev;
    if (err == 0) {
        err = conn_rev_get(from, &rev);
    }
    if (err) {
        return err;
    }
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from->sqlite, "main");
    if (copy == NULL) {
        return conn_err(NULL, sqlite3_errcode(to));
    }
    int code;
    do {
        code = sqlite3_backup_step(copy, BACKUP_PAGES_STEP);
    } while (code == SQLITE_OK);
    sqlite3_backup_finish(copy);
    return conn_err(NULL, code);
}

static int sync_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return err_from_errno(errno);
    }
    int err = fsync(fd) != 0 ? err_from_errno(errno) : 0;
    close(fd);
    return err;
}

static int write_copy(struct conn *from, const char *part)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(
        part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    int err = conn_err(NULL, code);
    if (err == 0) {
        code = sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", NULL, NULL,
                            NULL);
        err = code != SQLITE_OK ? conn_err(NULL, code) : copy_pages(from, to);
    }
    conn_rollback(from);
    sqlite3_close(to);
    return err == 0 ? sync_file(part) : err;
}

/* link() refuses an existing name, which rename() would replace. */
static int give_name(const char *part, const char *path)
{
    if (link(part, path) != 0) {
        return err_from_errno(errno);
    }
    return lock_sync_parent(path);
}

int backup_run(void *ctx, struct conn *conn)
{
    struct backup *b = ctx;
    char part[PATH_MAX];
    int len = snprintf(part, sizeof(part), "%s.part-%ld", b->path, (long)getpid());
    int err = len < 0 || (size_t)len >= sizeof(part) ? ERR_TOO_LARGE : 0;
    if (err == 0 && access(b->path, F_OK) == 0) {
        err = ERR_EXISTS;
    }
    if (err == 0) {
        (void)unlink(part); /* of a process of this number that died at it */
        int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        err = fd < 0 ? err_from_errno(errno) : write_copy(conn, part);
        if (fd >= 0) {
            close(fd);
        }
        err = err == 0 ? give_name(part, b->path) : err;
        (void)unlink(part);
    }
    if (err) {
        snprintf(b->message, b->message_size, "cannot back up to %s: %s", b->path, err_text(err));
    }
    return err;
}

int backup_file(const char *from, struct backup *b)
{
    struct conn *conn;
    int err = conn_new(&conn, from, CONN_READER, b->message, b->message_size);
    if (err) {
        return err;
    }
    err = backup_run(b, conn);
    conn_free(conn);
    return err;
}
