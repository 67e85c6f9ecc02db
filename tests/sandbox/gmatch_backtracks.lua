-- ends: ERR_PLUGIN too many steps|ERR_BUDGET
-- the same in gmatch
for _ in (('a'):rep(5000)):gmatch('a*a*a*a*b') do end
