#include "host/base/mem.h"
#include "host/session/audience.h"
#include "tests/unit/unit.h"

static bool contains(const struct audience *audience, const char *user)
{
    for (size_t i = 0; i < audience_count(audience); i++) {
        if (bytes_equal_text(audience_user(audience, i), user)) {
            return true;
        }
    }
    return false;
}

TEST(audience, holds_copies_of_each_user_once)
{
    char name[] = "ann";
    struct bytes users[] = {BYTES("bob"), {name, 3}, BYTES("bob"), BYTES(""), {name, 3}};
    struct audience *audience = audience_new(users, 5);
    name[0] = 'x';
    assert_int_equal(audience_count(audience), 3);
    assert_true(contains(audience, "ann"));
    assert_true(contains(audience, "bob"));
    assert_true(contains(audience, ""));
    audience_release(audience);
}

TEST(audience, lives_until_its_last_release)
{
    struct bytes users[] = {BYTES("ann")};
    struct audience *audience = audience_new(users, 1);
    assert_ptr_equal(audience_share(audience), audience);
    audience_release(audience);
    assert_true(contains(audience, "ann"));
    audience_release(audience);
    audience_release(NULL);
}

TEST(audience, may_be_empty_but_not_over_its_limit)
{
    struct audience *audience = audience_new(NULL, 0);
    assert_int_equal(audience_count(audience), 0);
    audience_release(audience);
    assert_null(audience_new(NULL, AUDIENCE_USERS_MAX + 1));
}

TEST(audience, is_null_without_memory)
{
    struct bytes users[] = {BYTES("ann")};
    mem_fault_after(1);
    assert_null(audience_new(users, 1));
    mem_fault_after(0);
}

TEST_MAIN
