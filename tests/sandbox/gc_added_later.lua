-- ends: 0
-- a __gc added after setmetatable is never run
local mt = {}
local ran = false
for _ = 1, 1000 do setmetatable({}, mt) end
mt.__gc = function() ran = true end
for _ = 1, 100000 do local _ = {} end
assert(not ran)
