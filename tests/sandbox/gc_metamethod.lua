-- ends: ERR_PLUGIN __gc
-- a finalizer would run unstoppably
setmetatable({}, {__gc = function() while true do end end})
