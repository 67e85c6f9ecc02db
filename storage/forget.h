/*
 * Makes what was deleted unreadable on the disk. SQLite overwrites deleted rows
 * with zeros (secure_delete), but old pages stay in the write-ahead log until it
 * starts anew, and a page that was split keeps copies of rows that moved. So the
 * log is emptied, and a small database is rewritten before. What a reader is in
 * the way of is tried again.
 */
#ifndef STORAGE_FORGET_H
#define STORAGE_FORGET_H

#include <stdatomic.h>
#include <stdbool.h>

struct conn;

#define FORGET_AFTER_MS 2000  /* deletions that belong together come in several batches */
#define FORGET_BUSY_MS 100    /* a reader in the way: later again */
#define FORGET_REWRITE_MIB 32 /* rewriting a larger file would keep others waiting too long */

/* What is to be done and when; all zeros at first. */
struct forgetter {
    atomic_llong at_ms; /* 0: nobody has asked */
    atomic_bool rewrites;
};

/* Any thread. */
void forget_ask(struct forgetter *forgetter);
bool forget_is_asked(const struct forgetter *forgetter);
/* The writer's, between two transactions: does what is due, if anything; conn may be NULL. */
void forget_if_due(struct forgetter *forgetter, struct conn *conn);
/* The same at once, as far as it works. */
void forget_now(struct conn *conn);

#endif
