-- ends: ERR_BUDGET CPU time
-- the comparator loops
table.sort({3, 2, 1}, function() while true do end end)
