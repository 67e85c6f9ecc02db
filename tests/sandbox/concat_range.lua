-- ends: ERR_PLUGIN invalid value
-- concat over a range of 2^63
return table.concat({}, '', 1, math.maxinteger)
