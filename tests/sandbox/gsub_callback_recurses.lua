-- ends: 0
-- gsub inside gsub inside gsub stops with an error
local function f(s) return (s:gsub('.', f)) end
local ok, why = pcall(f, 'a')
assert(not ok and tostring(why):find('overflow'), why)
