-- ends: ERR_PLUGIN (error object
-- nothing a plugin raises looks like the kill
pcall(error, nil)
error({})
