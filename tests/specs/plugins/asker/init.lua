-- asker: lets a spec call what plugins export to each other, and vetoes what is
-- scheduled for the chat it was told.
local asker = {}

local refused

function asker.start(mesh)
  local s = mesh.schema
  mesh.method("asker.ask", {
    summary = "Calls an export of another plugin.",
    params = s.object { export = s.string {}, args = s.open_object {} },
    result = s.open_object {},
  }, function(_, p)
    return mesh.call(p.export, p.args)
  end)
  mesh.method("asker.refuse", {
    summary = "Vetoes scheduled messages to a chat from now on.",
    params = s.object { chatId = s.id() },
  }, function(_, p)
    refused = p.chatId
  end)
  mesh.hook("chat.scheduled", { stage = "validate" }, function(_, event)
    return nil, event.chatId == refused and "not today" or nil
  end)
end

return asker
