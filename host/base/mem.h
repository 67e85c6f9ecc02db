/*
 * Memory in two families. Small allocations of fixed size never return NULL:
 * a process that cannot get 200 bytes cannot do anything sensible. Sizes that
 * a peer or a plugin chose go through mem_try_*, which may fail politely.
 */
#ifndef HOST_BASE_MEM_H
#define HOST_BASE_MEM_H

#include <stddef.h>

/* Return memory to release with mem_free; zeroed by mem_alloc. Never NULL. */
void *mem_alloc(size_t bytes);
void *mem_alloc_array(size_t count, size_t item_bytes);
/* Takes block, returns the grown or shrunk one; new bytes are not zeroed. */
void *mem_realloc(void *block, size_t bytes);
/* Returns a NUL-terminated copy of the bytes. */
char *mem_copy_text(const char *text, size_t len);

/* As above, but NULL when there is no memory; the old block is then intact. */
void *mem_try_alloc(size_t bytes);
void *mem_try_realloc(void *block, size_t bytes);
void mem_free(void *block);

/*
 * For fault tests: the nth call of mem_try_* from now on (1 = the next one)
 * returns NULL, once. 0 turns it off. Not for more than one thread.
 */
void mem_fault_after(unsigned nth);

#endif
