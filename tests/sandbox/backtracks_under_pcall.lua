-- ends: ERR_BUDGET CPU time
-- the step limit is caught and tried again
while true do
  pcall(string.find, ('a'):rep(1000), ('.-'):rep(20) .. 'b')
end
