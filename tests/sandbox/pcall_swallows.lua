-- ends: ERR_BUDGET CPU time
-- pcall around the loop, for ever
while true do
  pcall(function() while true do end end)
end
