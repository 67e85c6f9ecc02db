-- ends: 0
-- an iterator that failed is called again
local next_match = (('a'):rep(100000)):gmatch(('a?'):rep(400))
local ok = pcall(next_match)
local again = pcall(next_match)
assert(not ok and not again)
