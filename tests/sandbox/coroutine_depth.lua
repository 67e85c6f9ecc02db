-- ends: 0
-- coroutines resumed inside each other stop with an error
local function nest(n) return coroutine.wrap(nest)(n + 1) end
local ok, why = pcall(nest, 1)
assert(not ok and why:find('C stack overflow'), why)
