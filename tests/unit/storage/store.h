/* A database for a test, with a loop that is turned until the answer is there. */
#ifndef TESTS_UNIT_STORAGE_STORE_H
#define TESTS_UNIT_STORAGE_STORE_H

#include "storage/db.h"

struct store {
    struct db *db;
    struct loop *loop;
    struct db_owner *chat; /* owns chat_... */
    char folder[128];      /* "": in memory */
    char message[256];     /* of the last open, migration or backup */
};

enum store_kind { STORE_MEMORY, STORE_FILE, STORE_FILE_THREADLESS };

/* A folder of its own under the temporary folder, for file kinds. */
void store_open(struct store *store, enum store_kind kind);
/* Closes and opens the same folder again; the error of db_open. */
int store_reopen(struct store *store, enum store_kind kind);
/* Opens in store->folder, which is set. */
int store_open_folder(struct store *store, enum store_kind kind);
void store_shut(struct store *store);
/* store_shut and removes the folder. */
void store_close(struct store *store);

/* A batch of the chat owner with a first statement; values are integers. */
struct db_batch *store_batch(struct store *store, const char *sql);
void store_add(struct db_batch *batch, const char *sql, enum db_guard guard);
void store_bind(struct db_batch *batch, int64_t value);
void store_bind_text(struct db_batch *batch, const char *text);
/* Starts it and turns the loop until done was called: the error of either. The batch stays. */
int store_write(struct store *store, struct db_batch *batch);
int store_read(struct store *store, struct db_batch *batch);

/* One statement: written, or read for the integer it gives first; -1 if it fails or gives none. */
int store_exec(struct store *store, const char *sql);
int64_t store_integer(struct store *store, const char *sql);
/* One migration of the chat owner, named name. */
int store_migrate(struct store *store, const char *name, const char *sql);
/* chat_log(id INTEGER PRIMARY KEY, text TEXT UNIQUE) */
void store_make_log(struct store *store);

#endif
