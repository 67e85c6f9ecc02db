-- ends: ERR_PLUGIN xxx
-- an error message of a megabyte
error(('x'):rep(1000000), 0)
