-- ends: ERR_PLUGIN (error object is a nil)
-- an error without a value
error(nil)
