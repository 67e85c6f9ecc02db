-- ends: ERR_BUDGET CPU time
-- a generator that never ends
local g = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do g() end
