-- ends: ERR_BUDGET CPU time
-- __pairs loops
for _ in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end
