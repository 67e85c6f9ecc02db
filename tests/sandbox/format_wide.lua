-- ends: 0
-- format's results are bounded
assert(#('%99.99f'):format(-1e308) < 512)
assert(not pcall(string.format, '%100d', 1))
assert(not pcall(string.format, '%.100f', 1))
