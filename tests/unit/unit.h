/*
 * One file of unit tests makes one executable. A test is a sentence that could
 * be false; it registers itself, and TEST_MAIN at the file's end runs them all.
 *
 *     TEST(outbox, full_box_leaves_the_frame_with_the_caller) { assert_int_equal(...); }
 *     TEST_MAIN
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNIT_TESTS_MAX 256

static struct CMUnitTest unit_tests[UNIT_TESTS_MAX];
static size_t unit_count;

static inline void unit_add(const char *name, CMUnitTestFunction run)
{
    if (unit_count == UNIT_TESTS_MAX) {
        fputs("more than UNIT_TESTS_MAX tests in one file\n", stderr);
        abort();
    }
    unit_tests[unit_count++] = (struct CMUnitTest){name, run, NULL, NULL, NULL};
}

#define TEST(area, sentence)                                                                       \
    static void area##_##sentence(void);                                                           \
    static void area##_##sentence##_run(void **state)                                              \
    {                                                                                              \
        (void)state;                                                                               \
        area##_##sentence();                                                                       \
    }                                                                                              \
    __attribute__((constructor)) static void area##_##sentence##_add(void)                         \
    {                                                                                              \
        unit_add(#area ": " #sentence, area##_##sentence##_run);                                   \
    }                                                                                              \
    static void area##_##sentence(void)

/* A file without a test fails: it would prove nothing. */
#define TEST_MAIN                                                                                  \
    int main(void)                                                                                 \
    {                                                                                              \
        return unit_count == 0                                                                     \
                   ? 1                                                                             \
                   : _cmocka_run_group_tests(__FILE__, unit_tests, unit_count, NULL, NULL);        \
    }

#endif
