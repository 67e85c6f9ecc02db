/* A disk that fails when told to: SQLite's file calls go through here. */
#ifndef TESTS_UNIT_STORAGE_FAULT_VFS_H
#define TESTS_UNIT_STORAGE_FAULT_VFS_H

#include <stdbool.h>

enum fault_kind { FAULT_FULL, FAULT_IO, FAULT_READ_ONLY, FAULT_KINDS };

/* From now on all databases of this process are opened through it. */
void fault_install(void);
/*
 * The nth call from now on (1: the next) that opens, writes, syncs, truncates
 * or grows the index fails; a sticky fault stays until fault_clear.
 */
void fault_arm(unsigned nth, enum fault_kind kind, bool is_sticky);
void fault_clear(void);
/* Did a call fail since it was armed? */
bool fault_has_struck(void);

#endif
