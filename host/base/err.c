#include "host/base/err.h"

#include <errno.h>
#include <stddef.h>

const char *err_name(int err)
{
    switch (err) {
    case 0:
        return "OK";
#define ERR_CASE(name, value, text)                                                                \
    case (value):                                                                                  \
        return #name;
        ERR_LIST(ERR_CASE)
#undef ERR_CASE
    default:
        return "ERR_UNKNOWN";
    }
}

const char *err_text(int err)
{
    switch (err) {
    case 0:
        return "no error";
#define ERR_CASE(name, value, text)                                                                \
    case (value):                                                                                  \
        return (text);
        ERR_LIST(ERR_CASE)
#undef ERR_CASE
    default:
        return "unknown error";
    }
}

static const struct {
    int system;
    int ours;
} errno_codes[] = {
    {0, 0},
    {ENOMEM, ERR_NOMEM},
    {ENOBUFS, ERR_NOMEM},
    {ENOSPC, ERR_DISK_FULL},
    {EDQUOT, ERR_DISK_FULL},
    {EROFS, ERR_READ_ONLY},
    {EACCES, ERR_DENIED},
    {EPERM, ERR_DENIED},
    {ENOENT, ERR_NOT_FOUND},
    {ENOTDIR, ERR_NOT_FOUND},
    {EEXIST, ERR_EXISTS},
    {EBUSY, ERR_BUSY},
    {EAGAIN, ERR_BUSY}, /* a lock that another process holds */
    {ETXTBSY, ERR_BUSY},
    {EADDRINUSE, ERR_BUSY},
    {ETIMEDOUT, ERR_TIMEOUT},
    {ECANCELED, ERR_CANCELLED},
    {EPIPE, ERR_CLOSED},
    {ECONNRESET, ERR_CLOSED},
    {ECONNABORTED, ERR_CLOSED},
    {ENOTCONN, ERR_CLOSED},
    {ECONNREFUSED, ERR_UNAVAILABLE},
    {EHOSTUNREACH, ERR_UNAVAILABLE},
    {ENETUNREACH, ERR_UNAVAILABLE},
    {EADDRNOTAVAIL, ERR_UNAVAILABLE},
    {EINVAL, ERR_INVALID},
    {EFBIG, ERR_TOO_LARGE},
    {E2BIG, ERR_TOO_LARGE},
    {EMSGSIZE, ERR_TOO_LARGE},
    {ENAMETOOLONG, ERR_TOO_LARGE},
};

int err_from_errno(int system_errno)
{
    for (size_t i = 0; i < sizeof(errno_codes) / sizeof(errno_codes[0]); i++) {
        if (errno_codes[i].system == system_errno) {
            return errno_codes[i].ours;
        }
    }
    return ERR_IO;
}
