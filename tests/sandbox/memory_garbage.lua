-- ends: 0
-- garbage over the limit is collected, not punished
local n = 0
for i = 1, 800 do
  local s = ('x'):rep(9000) .. i
  n = n + #s
end
assert(n > 7000000)
