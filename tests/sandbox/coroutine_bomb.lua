-- ends: ERR_PLUGIN coroutines
-- coroutines that are kept
local kept = {}
while true do
  local co = coroutine.create(coroutine.yield)
  coroutine.resume(co)
  kept[#kept + 1] = co
end
