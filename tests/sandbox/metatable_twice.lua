-- ends: ERR_PLUGIN cannot be changed
-- a second metatable
local t = setmetatable({}, {__mode = 'k'})
setmetatable(t, {__mode = 'v'})
