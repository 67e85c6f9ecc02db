-- ends: 0
-- coroutines that are thrown away do not use up the limit
for _ = 1, 5000 do coroutine.resume(coroutine.create(coroutine.yield)) end
