-- ends: ERR_BUDGET CPU time
-- a loop in a coroutine in a coroutine, each under pcall
local function nest(n)
  if n == 0 then while true do end end
  while true do pcall(coroutine.wrap(nest), n - 1) end
end
nest(20)
