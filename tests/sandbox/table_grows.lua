-- ends: ERR_BUDGET memory
-- a table that grows
local t = {}
for i = 1, math.huge do t[i] = {} end
