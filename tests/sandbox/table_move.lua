-- ends: ERR_PLUGIN too many
-- a range of 2^63
return table.move({}, 1, math.maxinteger - 1, 2)
