-- texts: what mesh.text makes of a text.
local texts = {}

function texts.start(mesh)
  local s = mesh.schema
  mesh.method("texts.clean", {
    summary = "Cleans a text.",
    auth = false,
    params = s.object { text = s.string {}, ["lines?"] = s.boolean() },
    result = s.object { text = s.string {} },
  }, function(_, p)
    return { text = mesh.text.clean(p.text, { lines = p.lines }) }
  end)
  mesh.method("texts.misuse", { summary = "Gives a number.", auth = false }, function()
    local ok, why = pcall(mesh.text.clean, 5)
    return not ok and why:find("string expected") and {} or nil, "no error"
  end)
end

return texts
