-- ends: ERR_BUDGET CPU time
-- the handler of xpcall loops
xpcall(error, function() while true do end end)
