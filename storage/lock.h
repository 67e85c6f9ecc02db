/* The data folder and its lock: one process serves one folder. */
#ifndef STORAGE_LOCK_H
#define STORAGE_LOCK_H

#include <stddef.h>

struct lock;

/*
 * Makes the folder if need be (for its owner only; its parent must exist) and
 * locks it. 0, ERR_BUSY (words name the process), ERR_NOT_FOUND, ERR_DENIED,
 * ERR_READ_ONLY, ERR_DISK_FULL, ERR_IO.
 */
int lock_new(struct lock **out, const char *folder, char *words, size_t words_size);
void lock_free(struct lock *lock);

/* Makes the folder's entries durable: what was made or renamed in it stays. */
int lock_sync_folder(const char *folder);
/* The same for the folder that holds this path. */
int lock_sync_parent(const char *path);

#endif
