-- ends: ERR_BUDGET memory
-- one table that doubles
local t = {}
for i = 1, math.huge do t[i] = i end
