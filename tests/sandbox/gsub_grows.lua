-- ends: ERR_PLUGIN too large|ERR_BUDGET
-- a replacement much longer than what it replaces
return (('a'):rep(1000000)):gsub('a', ('b'):rep(1000))
