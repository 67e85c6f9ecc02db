-- ends: ERR_BUDGET CPU time
-- the replacement function loops
return ('a'):gsub('a', function() while true do end end)
