-- ends: 0
-- a comparator without sense ends
local t = {}
for i = 1, 1000 do t[i] = i % 7 end
table.sort(t, function() return true end)
pcall(table.sort, t, function(a) t[a] = nil return a end)
