-- ends: 0
-- deep pcalls stop with an error
local function f() return select(2, pcall(f)) end
local why = f()
assert(type(why) == 'string' and why:find('overflow'), why)
