-- echo: the smallest plugin. A client calls echo.say and gets its words back.
local echo = {}

local function say(_, params, caller)
  return { text = params.text, from = caller.userId }
end

function echo.start(mesh)
  local s = mesh.schema
  mesh.method("echo.say", {
    summary = "Says back what it was told.",
    params = s.object { text = s.string { maxBytes = 1000 } },
    result = s.object { text = s.string(), from = s.id() },
  }, say)
end

return echo
