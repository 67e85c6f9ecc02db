-- ends: 0
-- __len says 10^15
local t = setmetatable({}, {__len = function() return 1e15 // 1 | 0 end})
assert(table.concat(t) == '' and table.remove(t) == nil and select('#', table.unpack(t)) == 0)
table.insert(t, 1)
table.sort(t)
assert(rawlen(t) == 1)
