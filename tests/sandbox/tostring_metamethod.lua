-- ends: ERR_BUDGET CPU time
-- __tostring loops
tostring(setmetatable({}, {__tostring = function() while true do end end}))
