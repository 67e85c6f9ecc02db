/* Migrations: what SQL an owner's tables come from, applied once, in order. */
#ifndef STORAGE_MIGRATE_H
#define STORAGE_MIGRATE_H

#include "storage/db.h"

#define MIGRATE_TIME_MS_MAX 300000 /* all of one call; the writer serves nobody meanwhile */

struct conn;

struct migrate {
    struct db_owner *owner;
    const struct db_migration *migrations;
    size_t count;
    char *message;
    size_t message_size;
};

/* For writer_call; ctx is a struct migrate. As db_migrate. */
int migrate_run(void *ctx, struct conn *conn);

#endif
