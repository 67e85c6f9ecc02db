-- ends: ERR_PLUGIN too many steps|ERR_BUDGET
-- a pattern that backtracks exponentially
return (('a'):rep(1000)):find(('.-'):rep(20) .. 'b')
