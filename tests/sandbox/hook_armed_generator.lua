-- ends: 0
-- an ordinary event after the attacks
local g = coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end)
local sum = 0
for i = 1, 10 do sum = sum + g() end
assert(sum == 55)
