-- ends: ERR_PLUGIN invalid conversion
-- %p would show an address
return ('%p'):format({})
