-- ends: ERR_BUDGET CPU time
-- a loop without end
while true do end
