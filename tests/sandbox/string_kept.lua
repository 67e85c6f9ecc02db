-- ends: ERR_BUDGET memory
-- strings that are kept
local t = {}
for i = 1, math.huge do t[i] = 'abcdefgh' .. i end
