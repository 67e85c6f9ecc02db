-- ends: ERR_BUDGET CPU time
-- __close of a coroutine that is killed
local mt = {__close = function() while true do end end}
coroutine.wrap(function()
  local guard <close> = setmetatable({}, mt)
  while true do end
end)()
