-- ends: ERR_BUDGET memory
-- the memory error is caught and tried again
while true do
  pcall(function()
    local t = {}
    for i = 1, math.huge do t[i] = {i} end
  end)
end
