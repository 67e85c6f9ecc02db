-- ends: 0
-- a plain search is linear
local s = ('a'):rep(1000000)
local p = ('a'):rep(500000) .. 'b'
assert(not s:find(p, 1, true))
