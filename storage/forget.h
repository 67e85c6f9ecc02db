/*
 * Makes what was deleted unreadable on the disk. SQLite overwrites deleted rows
 * with zeros (secure_delete), but old pages stay in the write-ahead log until it
 * starts anew, and a page that was split keeps copies of rows that moved. So the
 * log is emptied, and a small database is rewritten before.
 */
#ifndef STORAGE_FORGET_H
#define STORAGE_FORGET_H

struct conn;

#define FORGET_AFTER_MS 2000  /* deletions that belong together come in several batches */
#define FORGET_BUSY_MS 100    /* a reader in the way: later again */
#define FORGET_REWRITE_MIB 32 /* rewriting a larger file would keep others waiting too long */

/* Between two transactions of the writer's. 0, ERR_BUSY (a reader needs the log), or the world's.
 */
int forget_deleted(struct conn *conn);

#endif
