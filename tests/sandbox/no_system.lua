-- ends: 0
-- nothing reaches the system
assert(not os and not io and not debug and not package and not print and not warn)
assert(not collectgarbage and not newproxy and not coroutine.close)
