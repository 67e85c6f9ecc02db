-- ends: ERR_PLUGIN too long
-- a pattern of a megabyte
return ('x'):find(('a'):rep(1000000) .. '%s')
