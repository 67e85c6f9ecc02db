-- Cursors: where a listing goes on, sealed so that only ours are taken.
local cursors = {}

local function seal_of(mesh, list, after)
  return mesh.crypto.base64url(mesh.crypto.mac("cursor", list .. "\0" .. after):sub(1, 12))
end

function cursors.of(mesh, list, after)
  return mesh.crypto.base64url(after) .. "." .. seal_of(mesh, list, after)
end

-- What the cursor of this list was made of; nil, err when it is none of it.
function cursors.read(mesh, list, cursor)
  local body, seal = cursor:match("^([%w_-]+)%.([%w_-]+)$")
  local after = body and mesh.crypto.base64url_decode(body)
  if after and mesh.crypto.equal(seal, seal_of(mesh, list, after)) then
    return after
  end
  return nil, mesh.error("invalid_params", "not a cursor of this list", { path = "/cursor" })
end

return cursors
