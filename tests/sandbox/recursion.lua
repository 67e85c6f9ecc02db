-- ends: ERR_BUDGET
-- recursion fills the stack again and again
local function f() return 1 + f() end
while true do pcall(f) end
