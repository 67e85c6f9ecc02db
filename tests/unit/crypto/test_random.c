#include "host/base/clock.h"
#include "host/crypto/random.h"
#include "tests/unit/unit.h"

TEST(random, identifier_is_prefix_time_and_chance)
{
    char id[CRYPTO_ID_SIZE];
    clock_test_start(INT64_C(0x0123456789ab));
    assert_int_equal(crypto_id(id, "u_"), 2 + CRYPTO_ID_DIGITS);
    clock_test_stop();
    /* 0123456789ab in 48 bits, with two zeros before it: the first ten digits. */
    assert_memory_equal(id, "u_014d2pf2db", 12);
    assert_int_equal(strlen(id), 2 + CRYPTO_ID_DIGITS);
    assert_int_equal(strspn(id + 2, "0123456789abcdefghjkmnpqrstvwxyz"), CRYPTO_ID_DIGITS);
}

TEST(random, later_identifier_sorts_later)
{
    char first[CRYPTO_ID_SIZE];
    char second[CRYPTO_ID_SIZE];
    clock_test_start(1790000000000);
    for (unsigned i = 0; i < 100; i++) {
        crypto_id(first, "");
        clock_test_advance(1);
        crypto_id(second, NULL);
        assert_true(strcmp(first, second) < 0);
    }
    clock_test_stop();
}

TEST(random, two_identifiers_of_one_moment_differ)
{
    char first[CRYPTO_ID_SIZE];
    char second[CRYPTO_ID_SIZE];
    clock_test_start(1790000000000);
    crypto_id(first, "m");
    crypto_id(second, "m");
    clock_test_stop();
    assert_string_not_equal(first, second);
}

TEST(random, fills_all_it_was_asked_for)
{
    uint8_t seen[64] = {0};
    for (unsigned round = 0; round < 20; round++) {
        uint8_t bytes[64] = {0};
        random_fill(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes); i++) {
            seen[i] |= bytes[i];
        }
    }
    for (size_t i = 0; i < sizeof(seen); i++) {
        assert_int_not_equal(seen[i], 0); /* all zero in 20 rounds: 1 in 2^160 */
    }
}

TEST_MAIN
