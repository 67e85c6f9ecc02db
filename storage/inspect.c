#include "storage/inspect.h"

#include "host/base/err.h"
#include "storage/sqlite_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES 100

const char *inspect_advice(int err)
{
    switch (err) {
    case ERR_CORRUPT:
        return "; move the file aside (keep it) and put the newest `chattermesh backup` in its "
               "place";
    case ERR_DISK_FULL:
        return "; free some space on this disk";
    case ERR_READ_ONLY:
    case ERR_DENIED:
        return "; the folder and its files must be writable for this user";
    default:
        return "";
    }
}

static uint32_t number_at(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool has_beside(const char *path, const char *suffix)
{
    char beside[PATH_MAX];
    struct stat st;
    snprintf(beside, sizeof(beside), "%s%s", path, suffix);
    return stat(beside, &st) == 0 && st.st_size > 0;
}

/* NULL, or what is wrong with the header of a file of this size. */
static const char *header_fault(const unsigned char *header, size_t bytes, off_t file_bytes,
                                bool is_whole)
{
    if (bytes < HEADER_BYTES) {
        return "the file is cut off in its header";
    }
    if (memcmp(header, "SQLite format 3", 16) != 0) {
        return "the file is not a database";
    }
    uint32_t page_bytes = (uint32_t)header[16] << 8 | header[17];
    page_bytes = page_bytes == 1 ? 65536 : page_bytes;
    if (page_bytes < 512 || (page_bytes & (page_bytes - 1)) != 0) {
        return "the header is damaged";
    }
    /* While a log is there, the file may be shorter than what the header will say. */
    bool is_count_valid = number_at(header + 24) == number_at(header + 92);
    if (is_whole && is_count_valid &&
        (off_t)number_at(header + 28) * (off_t)page_bytes > file_bytes) {
        return "the file is shorter than it says: its end is missing";
    }
    return NULL;
}

int inspect_file(const char *path, char *words, size_t words_size)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return 0;
    }
    int err = fd < 0 ? err_from_errno(errno) : 0;
    unsigned char header[HEADER_BYTES];
    struct stat st = {0};
    ssize_t bytes = 0;
    if (fd >= 0 && (fstat(fd, &st) != 0 || (bytes = pread(fd, header, HEADER_BYTES, 0)) < 0)) {
        err = err_from_errno(errno);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (err) {
        snprintf(words, words_size, "cannot open %s: %s%s", path, err_text(err),
                 inspect_advice(err));
        return err;
    }
    /* A journal is left when the file was cut off while it was made: SQLite takes that back. */
    bool is_new = st.st_size == 0 || has_beside(path, "-journal");
    const char *fault =
        is_new ? NULL : header_fault(header, (size_t)bytes, st.st_size, !has_beside(path, "-wal"));
    if (fault != NULL) {
        snprintf(words, words_size, "%s: %s%s", path, fault, inspect_advice(ERR_CORRUPT));
        return ERR_CORRUPT;
    }
    return 0;
}

static int look_into(struct conn *conn, const char *table)
{
    char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\" LIMIT 1", table);
    if (sql == NULL) {
        return ERR_NOMEM;
    }
    int err = conn_exec(conn, sql);
    sqlite3_free(sql);
    return err;
}

int inspect_tables(void *unused, struct conn *conn)
{
    (void)unused;
    sqlite3_stmt *s;
    int code = sqlite3_prepare_v2(
        conn->sqlite, "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0", -1,
        &s, NULL);
    if (code != SQLITE_OK) {
        return conn_err(conn, code);
    }
    int err = 0;
    while (err == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
        err = look_into(conn, (const char *)sqlite3_column_text(s, 0));
    }
    sqlite3_finalize(s);
    return err != 0 ? err : conn_err(conn, code);
}
