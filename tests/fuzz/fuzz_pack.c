/* Packed plain data that nobody packed. What is taken must survive being packed again. */
#include "host/base/check.h"
#include "host/base/err.h"
#include "lua/json.h"
#include "lua/pack.h"

#include <lauxlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The order of pairs may change, so the bytes may; their number may not. */
static void check_again(lua_State *L)
{
    struct buf first;
    struct buf second;
    buf_open(&first, PACK_BYTES_MAX * 2);
    buf_open(&second, PACK_BYTES_MAX * 2);
    CHECK(pack_write(L, -1, &first, NULL, 0) == 0);
    CHECK(pack_push(L, buf_bytes(&first)) == 0);
    CHECK(pack_write(L, -1, &second, NULL, 0) == 0);
    CHECK(first.len == second.len);
    buf_close(&first);
    buf_close(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lua_State *L = luaL_newstate();
    CHECK(L != NULL);
    int err = pack_push(L, (struct bytes){(const char *)data, size});
    if (err) {
        CHECK(err == ERR_SYNTAX || err == ERR_DEPTH || err == ERR_TOO_LARGE);
        CHECK(lua_gettop(L) == 0);
    } else {
        CHECK(lua_gettop(L) == 1);
        check_again(L);
    }
    lua_close(L);
    return 0;
}
