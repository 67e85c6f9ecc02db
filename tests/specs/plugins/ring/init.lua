-- ring: whom a bell would leave in peace.
local ring = {}

function ring.start(mesh)
  local s = mesh.schema
  mesh.method("ring.quiet", {
    summary = "Who of some users is not to be disturbed.",
    params = s.object { userIds = s.array(s.id()) },
    result = s.object { userIds = s.array(s.id()) },
  }, function(_, p)
    return mesh.call("presence.quiet", { userIds = mesh.json.array(p.userIds) })
  end)
end

return ring
