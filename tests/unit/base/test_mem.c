#include "host/base/mem.h"
#include "tests/unit/unit.h"

TEST(mem, fault_hits_the_nth_try_once_and_leaves_the_old_block)
{
    mem_fault_after(2);
    char *block = mem_try_alloc(4);
    assert_non_null(block);
    block[0] = 'a';
    assert_null(mem_try_realloc(block, 8));
    assert_int_equal(block[0], 'a');
    block = mem_try_realloc(block, 8);
    assert_non_null(block);
    mem_free(block);
}

TEST(mem, copied_text_ends_with_a_nul)
{
    char *copy = mem_copy_text("abcdef", 3);
    assert_string_equal(copy, "abc");
    mem_free(copy);
    copy = mem_copy_text(NULL, 0);
    assert_string_equal(copy, "");
    mem_free(copy);
}

TEST_MAIN
