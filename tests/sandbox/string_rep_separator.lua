-- ends: ERR_PLUGIN too large
-- a separator that overflows
return (''):rep(math.maxinteger, 'abc')
