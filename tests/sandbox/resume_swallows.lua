-- ends: ERR_BUDGET CPU time
-- resume gives the error back as a value
while true do
  coroutine.resume(coroutine.create(function() while true do end end))
end
