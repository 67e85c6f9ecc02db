-- ends: 0
-- many repeats of nothing
assert((''):rep(math.maxinteger) == '' and ('x'):rep(-1) == '')
