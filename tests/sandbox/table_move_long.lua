-- ends: ERR_BUDGET
-- the longest range allowed, for ever
while true do table.move({}, 1, 1 << 24, 2) end
