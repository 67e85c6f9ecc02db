#include "host/base/mem.h"

#include "host/base/check.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Calls of mem_try_* until one fails; 0 means that none will. */
static atomic_uint fault_in;

static bool fault_is_due(void)
{
    if (atomic_load_explicit(&fault_in, memory_order_relaxed) == 0) {
        return false;
    }
    return atomic_fetch_sub_explicit(&fault_in, 1, memory_order_relaxed) == 1;
}

void mem_fault_after(unsigned nth)
{
    atomic_store_explicit(&fault_in, nth, memory_order_relaxed);
}

void *mem_alloc(size_t bytes)
{
    void *block = calloc(1, bytes ? bytes : 1);
    CHECK(block != NULL);
    return block;
}

void *mem_alloc_array(size_t count, size_t item_bytes)
{
    CHECK(item_bytes == 0 || count <= SIZE_MAX / item_bytes);
    return mem_alloc(count * item_bytes);
}

void *mem_realloc(void *block, size_t bytes)
{
    void *grown = realloc(block, bytes ? bytes : 1);
    CHECK(grown != NULL);
    return grown;
}

char *mem_copy_text(const char *text, size_t len)
{
    CHECK(len < SIZE_MAX);
    char *copy = mem_alloc(len + 1);
    if (len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

void *mem_try_alloc(size_t bytes)
{
    return fault_is_due() ? NULL : calloc(1, bytes ? bytes : 1);
}

void *mem_try_realloc(void *block, size_t bytes)
{
    return fault_is_due() ? NULL : realloc(block, bytes ? bytes : 1);
}

void mem_free(void *block)
{
    free(block);
}
