-- ends: ERR_PLUGIN too many results
-- unpack of 10^8 values
return table.unpack({}, 1, 100000000)
