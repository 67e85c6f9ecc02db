-- asker: lets a spec call what plugins export to each other.
local asker = {}

function asker.start(mesh)
  local s = mesh.schema
  mesh.method("asker.ask", {
    summary = "Calls an export of another plugin.",
    params = s.object { export = s.string {}, args = s.open_object {} },
    result = s.open_object {},
  }, function(_, p)
    return mesh.call(p.export, p.args)
  end)
end

return asker
