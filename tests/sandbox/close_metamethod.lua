-- ends: ERR_BUDGET CPU time
-- __close runs while the kill unwinds
local mt = {__close = function() while true do end end}
local function f(n)
  local guard <close> = setmetatable({}, mt)
  if n == 0 then while true do end end
  return f(n - 1), 1
end
f(5000)
