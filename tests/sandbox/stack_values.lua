-- ends: ERR_BUDGET|ERR_PLUGIN
-- varargs that double
local function f(...) return f(1, ..., ...) end
local function g(...) return g(..., 1, select(1, ...)) end
f(1)
g(1)
