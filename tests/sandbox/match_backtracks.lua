-- ends: ERR_PLUGIN too many steps|ERR_BUDGET
-- the same with captures
return (('a'):rep(500)):match(('(a*)'):rep(10) .. 'b')
