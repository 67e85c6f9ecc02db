-- ends: ERR_BUDGET CPU time
-- the handler of xpcall is not told of the kill
while true do
  xpcall(function() while true do end end, function() while true do end end)
end
