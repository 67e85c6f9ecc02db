-- ends: ERR_BUDGET|ERR_PLUGIN
-- a vararg list that grows by recursion
local function f(...) return f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...) end
f()
