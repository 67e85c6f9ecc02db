-- ends: ERR_PLUGIN cannot be changed
-- a metatable taken away
setmetatable(setmetatable({}, {}), nil)
