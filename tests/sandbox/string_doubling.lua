-- ends: ERR_BUDGET memory
-- concatenation doubles a string
local s = 'x'
while true do s = s .. s end
