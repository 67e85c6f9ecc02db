#include "lua/json.h"

#include "host/base/check.h"

#include <lauxlib.h>

/* Its address is the registry key of the metatable of arrays. */
static const char array_key = 'a';

void json_push_array_metatable(lua_State *L)
{
    luaL_checkstack(L, 3, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key) == LUA_TTABLE) {
        return;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 2); /* metatable */
    lua_pushliteral(L, "array");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0); /* hides it from the plugin's getmetatable */
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
}

bool json_is_array(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index)) {
        return false;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key); /* mt array_mt */
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static void push_at(lua_State *L, const struct json_doc *doc, uint32_t at);

static void push_array(lua_State *L, const struct json_doc *doc, uint32_t at)
{
    const struct json_node *array = &doc->nodes[at];
    luaL_checkstack(L, 4, "JSON");
    lua_createtable(L, (int)array->size, 0);
    lua_Integer i = 0;
    for (uint32_t child = at + 1; child < array->next; child = doc->nodes[child].next) {
        push_at(L, doc, child);
        lua_rawseti(L, -2, ++i);
    }
    json_push_array_metatable(L);
    lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, const struct json_doc *doc, uint32_t at)
{
    const struct json_node *object = &doc->nodes[at];
    luaL_checkstack(L, 4, "JSON");
    lua_createtable(L, 0, (int)object->size);
    for (uint32_t name = at + 1; name < object->next;) {
        const struct json_node *node = &doc->nodes[name];
        uint32_t value = node->next;
        if ((node->flags & JSON_DROPPED) == 0) {
            lua_pushlstring(L, node->text, node->size);
            push_at(L, doc, value);
            lua_rawset(L, -3);
        }
        name = doc->nodes[value].next;
    }
}

/* Depth of recursion is the document's, which json_parse has bounded. */
static void push_at(lua_State *L, const struct json_doc *doc, uint32_t at)
{
    const struct json_node *node = &doc->nodes[at];
    switch ((enum json_type)node->type) {
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        return;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(L, node->type == JSON_TRUE);
        return;
    case JSON_INTEGER:
        lua_pushinteger(L, (lua_Integer)node->integer);
        return;
    case JSON_REAL:
        lua_pushnumber(L, node->real);
        return;
    case JSON_STRING:
        lua_pushlstring(L, node->text, node->size);
        return;
    case JSON_ARRAY:
        push_array(L, doc, at);
        return;
    case JSON_OBJECT:
        push_object(L, doc, at);
        return;
    }
    UNREACHABLE("a JSON node of no type");
}

void json_push(lua_State *L, const struct json_doc *doc, const struct json_node *node)
{
    luaL_checkstack(L, 4, "JSON");
    push_at(L, doc, (uint32_t)(node - doc->nodes));
}
