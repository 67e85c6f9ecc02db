-- bystander: answers, keeps a note and counts what it hears.
local bystander = {}

local heard = 0

local function ping(mesh)
  local row = mesh.db.first("SELECT text FROM bystander_notes")
  return { note = row.text, heard = heard }
end

function bystander.start(mesh)
  local s = mesh.schema
  mesh.method("bystander.ping", {
    params = s.open_object {}, result = s.open_object {}, auth = false,
  }, ping)
  mesh.bus.on("prowler.noise", function()
    heard = heard + 1
  end)
end

return bystander
