#include "host/base/err.h"
#include "host/base/map.h"
#include "tests/unit/unit.h"

static int values[2000];

static struct bytes key_of(int i, char out[16])
{
    int len = snprintf(out, 16, "key%d", i);
    return (struct bytes){out, (size_t)len};
}

TEST(map, holds_what_was_put_through_growth_and_removal)
{
    struct map *map = map_new(0);
    char text[16];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2000; i++) {
            assert_int_equal(map_put(map, key_of(i, text), &values[i], NULL), 0);
        }
        assert_int_equal(map_count(map), 2000);
        for (int i = 0; i < 2000; i++) {
            assert_ptr_equal(map_get(map, key_of(i, text)), &values[i]);
            assert_ptr_equal(map_remove(map, key_of(i, text)), &values[i]);
            assert_null(map_get(map, key_of(i, text)));
        }
        assert_int_equal(map_count(map), 0);
    }
    assert_null(map_remove(map, BYTES("key1")));
    map_free(map);
}

TEST(map, put_gives_the_value_before)
{
    struct map *map = map_new(1);
    void *old = map;
    assert_int_equal(map_put(map, BYTES("a"), &values[0], &old), 0);
    assert_null(old);
    assert_int_equal(map_put(map, BYTES("a"), &values[1], &old), 0);
    assert_ptr_equal(old, &values[0]);
    assert_int_equal(map_put(map, BYTES("b"), &values[1], NULL), ERR_FULL);
    assert_int_equal(map_put(map, BYTES("a"), &values[2], NULL), 0);
    map_free(map);
}

TEST(map, keys_are_bytes_and_may_be_empty)
{
    struct map *map = map_new(0);
    map_put(map, BYTES("a\0b"), &values[0], NULL);
    map_put(map, BYTES("a"), &values[1], NULL);
    map_put(map, BYTES_NONE, &values[2], NULL);
    assert_ptr_equal(map_get(map, BYTES("a\0b")), &values[0]);
    assert_ptr_equal(map_get(map, BYTES("a")), &values[1]);
    assert_ptr_equal(map_get(map, BYTES("")), &values[2]);
    map_free(map);
}

TEST(map, walk_sees_each_entry_once_while_it_removes_them)
{
    struct map *map = map_new(0);
    char text[16];
    for (int i = 0; i < 500; i++) {
        values[i] = 0;
        map_put(map, key_of(i, text), &values[i], NULL);
    }
    size_t cursor = 0;
    struct bytes key;
    void *value;
    while (map_next(map, &cursor, &key, &value)) {
        ++*(int *)value;
        assert_ptr_equal(map_remove(map, key), value);
    }
    for (int i = 0; i < 500; i++) {
        assert_int_equal(values[i], 1);
    }
    assert_int_equal(map_count(map), 0);
    map_free(map);
}

TEST_MAIN
