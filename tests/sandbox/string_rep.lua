-- ends: ERR_PLUGIN too large
-- a string of 10^18 bytes
return ('x'):rep(1e18 // 1 | 0)
