-- ends: ERR_PLUGIN too many steps|ERR_BUDGET
-- the same in gsub
return (('a'):rep(5000)):gsub('a*a*a*a*b', '')
