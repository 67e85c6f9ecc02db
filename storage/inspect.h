/*
 * A look at the file before it is served: cheap enough for a million messages
 * in a second, so it finds what is foreign, cut off or torn at the top, and
 * not every flipped bit; those answer ERR_CORRUPT when they are met.
 */
#ifndef STORAGE_INSPECT_H
#define STORAGE_INSPECT_H

#include <stddef.h>

struct conn;

/* Without SQLite: 0 (also when there is no file), ERR_CORRUPT or the world's errors, with words. */
int inspect_file(const char *path, char *words, size_t words_size);
/* For writer_call: reads the schema and the top of each table and index. */
int inspect_tables(void *unused, struct conn *conn);
/* What to do about an error of opening; "" when there is nothing to say. */
const char *inspect_advice(int err);

#endif
