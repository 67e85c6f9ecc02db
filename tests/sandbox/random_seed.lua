-- ends: 0
-- seeding tells nothing
assert(select('#', math.randomseed()) == 0 and select('#', math.randomseed(1)) == 0)
local a = math.random(0)
math.randomseed(1)
assert(math.random(0) == a)
