-- ends: ERR_BUDGET CPU time
-- sorting for ever without a comparator
local t = {}
for i = 1, 20000 do t[i] = (i * 7919) % 10007 end
while true do
  table.sort(t)
  t[1], t[#t] = t[#t], t[1]
end
