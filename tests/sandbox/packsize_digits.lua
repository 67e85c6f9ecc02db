-- ends: ERR_PLUGIN too much|ERR_PLUGIN
-- digits that overflow
return string.packsize('c' .. ('9'):rep(500))
