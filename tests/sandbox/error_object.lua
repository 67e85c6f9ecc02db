-- ends: ERR_PLUGIN (error object is a table)
-- an error object with code in it
error(setmetatable({}, {__tostring = function() while true do end end, __name = 5}))
