-- ends: 0
-- the metatable of strings is out of reach
assert(getmetatable('') == false)
assert(not pcall(setmetatable, '', {}))
