-- ends: 0
-- no module is bytecode: see the test of cells
assert(type(require) == 'function')
