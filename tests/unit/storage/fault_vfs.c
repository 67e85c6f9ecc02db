#include "tests/unit/storage/fault_vfs.h"

#include "host/base/check.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

struct file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;

static struct {
    pthread_mutex_t mutex;
    unsigned left; /* calls until it strikes; 0: not armed */
    enum fault_kind kind;
    bool is_sticky;
    bool has_struck;
} fault = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void fault_arm(unsigned nth, enum fault_kind kind, bool is_sticky)
{
    pthread_mutex_lock(&fault.mutex);
    fault.left = nth;
    fault.kind = kind;
    fault.is_sticky = is_sticky;
    fault.has_struck = false;
    pthread_mutex_unlock(&fault.mutex);
}

void fault_clear(void)
{
    pthread_mutex_lock(&fault.mutex);
    fault.left = 0;
    fault.is_sticky = false;
    pthread_mutex_unlock(&fault.mutex);
}

bool fault_has_struck(void)
{
    pthread_mutex_lock(&fault.mutex);
    bool has_struck = fault.has_struck;
    pthread_mutex_unlock(&fault.mutex);
    return has_struck;
}

/* 0, or the code to fail with; io_code is what this call gives for an input or output error. */
static int strike(int io_code)
{
    pthread_mutex_lock(&fault.mutex);
    bool hits = fault.left == 1 || (fault.has_struck && fault.is_sticky);
    fault.left -= fault.left > 0;
    fault.has_struck |= hits;
    enum fault_kind kind = fault.kind;
    pthread_mutex_unlock(&fault.mutex);
    if (!hits) {
        return SQLITE_OK;
    }
    return kind == FAULT_FULL ? SQLITE_FULL : kind == FAULT_READ_ONLY ? SQLITE_READONLY : io_code;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)(void *)file)->real;
}

#define FORWARD(file, call, ...) real_of(file)->pMethods->call(real_of(file), ##__VA_ARGS__)

static int f_close(sqlite3_file *f)
{
    return FORWARD(f, xClose);
}
static int f_read(sqlite3_file *f, void *to, int bytes, sqlite3_int64 at)
{
    return FORWARD(f, xRead, to, bytes, at);
}
/* Half of it is written before it fails, as disks do. */
static int f_write(sqlite3_file *f, const void *from, int bytes, sqlite3_int64 at)
{
    int code = strike(SQLITE_IOERR_WRITE);
    if (code != SQLITE_OK) {
        (void)FORWARD(f, xWrite, from, bytes / 2, at);
        return code;
    }
    return FORWARD(f, xWrite, from, bytes, at);
}
static int f_truncate(sqlite3_file *f, sqlite3_int64 bytes)
{
    int code = strike(SQLITE_IOERR_TRUNCATE);
    return code != SQLITE_OK ? code : FORWARD(f, xTruncate, bytes);
}
static int f_sync(sqlite3_file *f, int flags)
{
    int code = strike(SQLITE_IOERR_FSYNC);
    return code != SQLITE_OK ? code : FORWARD(f, xSync, flags);
}
static int f_size(sqlite3_file *f, sqlite3_int64 *bytes)
{
    return FORWARD(f, xFileSize, bytes);
}
static int f_lock(sqlite3_file *f, int level)
{
    return FORWARD(f, xLock, level);
}
static int f_unlock(sqlite3_file *f, int level)
{
    return FORWARD(f, xUnlock, level);
}
static int f_reserved(sqlite3_file *f, int *out)
{
    return FORWARD(f, xCheckReservedLock, out);
}
static int f_control(sqlite3_file *f, int op, void *arg)
{
    return FORWARD(f, xFileControl, op, arg);
}
static int f_sector(sqlite3_file *f)
{
    return FORWARD(f, xSectorSize);
}
static int f_device(sqlite3_file *f)
{
    return FORWARD(f, xDeviceCharacteristics);
}
/* SQLITE_READONLY would mean something else to the caller: that somebody else keeps the index. */
static int f_shm_map(sqlite3_file *f, int page, int bytes, int extend, void volatile **out)
{
    int code = extend != 0 ? strike(SQLITE_IOERR_SHMMAP) : SQLITE_OK;
    code = code == SQLITE_READONLY ? SQLITE_IOERR_SHMMAP : code;
    return code != SQLITE_OK ? code : FORWARD(f, xShmMap, page, bytes, extend, out);
}
static int f_shm_lock(sqlite3_file *f, int offset, int count, int flags)
{
    return FORWARD(f, xShmLock, offset, count, flags);
}
static void f_shm_barrier(sqlite3_file *f)
{
    FORWARD(f, xShmBarrier);
}
static int f_shm_unmap(sqlite3_file *f, int remove)
{
    return FORWARD(f, xShmUnmap, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_device,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *out, int flags, int *out_flags)
{
    (void)v;
    struct file *file = (struct file *)(void *)out;
    file->base.pMethods = NULL;
    int code = strike(SQLITE_CANTOPEN);
    if (code != SQLITE_OK) {
        return code == SQLITE_READONLY ? SQLITE_CANTOPEN : code;
    }
    file->real = (sqlite3_file *)(void *)(file + 1);
    code = real_vfs->xOpen(real_vfs, name, file->real, flags, out_flags);
    file->base.pMethods = file->real->pMethods != NULL ? &methods : NULL;
    return code;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync)
{
    (void)v;
    return real_vfs->xDelete(real_vfs, name, sync);
}

/* The rest of the system's calls need no change: they take its own structure's data. */
void fault_install(void)
{
    if (real_vfs != NULL) {
        return;
    }
    real_vfs = sqlite3_vfs_find(NULL);
    CHECK(real_vfs != NULL);
    vfs = *real_vfs;
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
    vfs.xOpen = v_open;
    vfs.xDelete = v_delete;
    CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
