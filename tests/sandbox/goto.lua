-- ends: ERR_BUDGET CPU time
-- goto without end
::again:: goto again
