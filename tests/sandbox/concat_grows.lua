-- ends: ERR_PLUGIN too large|ERR_BUDGET
-- concat of one long string many times
local s = ('x'):rep(1000000)
local t = {}
for i = 1, 100 do t[i] = s end
return table.concat(t)
