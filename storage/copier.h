/*
 * Copies the write-ahead log into the database file on a thread of its own,
 * so that commits do not wait for it. The last few pages the writer copies
 * itself, between two commits: only then can the log start anew.
 */
#ifndef STORAGE_COPIER_H
#define STORAGE_COPIER_H

#include <stdbool.h>

#define LOG_PAGES_COPY 4000  /* a copy starts every so many pages */
#define LOG_PAGES_REST 512   /* that the writer may copy itself */
#define LOG_PAGES_MAX 20000  /* from here on the writer waits: a start reads all of the log */
#define LOG_PAGES_RETRY 4000 /* between two of those tries */

struct conn;
struct copier;

/* 0, or the world's errors. */
int copier_new(struct copier **out, const char *path);
void copier_free(struct copier *copier);
/* The writer tells after a commit how long the log is; conn is its own. */
void copier_tell(struct copier *copier, struct conn *conn, int pages);

#endif
