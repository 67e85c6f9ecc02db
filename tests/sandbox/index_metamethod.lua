-- ends: ERR_BUDGET CPU time
-- __index loops in a comparison
local t = setmetatable({}, {__lt = function() while true do end end})
return t < t
