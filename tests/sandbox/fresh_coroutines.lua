-- ends: ERR_BUDGET CPU time
-- hooks are per coroutine: each new one evades them
while true do
  coroutine.wrap(function() for _ = 1, 100 do end end)()
end
