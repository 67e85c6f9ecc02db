-- ends: 0
-- nothing compiles text or bytecode
assert(not load and not loadstring and not dofile and not loadfile and not string.dump)
