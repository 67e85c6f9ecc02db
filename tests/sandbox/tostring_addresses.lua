-- ends: 0
-- names of objects are no addresses and differ
local a, b = tostring({}), tostring({})
assert(a ~= b and a:match('^table: %x+$') and not a:find('0x'))
local t = {}
assert(tostring(t) == tostring(t) and ('%s'):format(t) == tostring(t))
assert(tostring(print or pcall):match('^function: %x+$'))
assert(not tostring(coroutine.running()):find('0x'))
