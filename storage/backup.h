/* A copy of the database while it serves. */
#ifndef STORAGE_BACKUP_H
#define STORAGE_BACKUP_H

#include <stddef.h>

#define BACKUP_PAGES_STEP 2000

struct conn;

struct backup {
    const char *path;
    char *message;
    size_t message_size;
};

/* From the file, on a connection of its own. As db_backup. */
int backup_file(const char *from, struct backup *backup);
/* For writer_call; ctx is a struct backup. */
int backup_run(void *ctx, struct conn *conn);

#endif
