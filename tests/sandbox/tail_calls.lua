-- ends: ERR_BUDGET CPU time
-- tail calls without end
local function f() return f() end
f()
