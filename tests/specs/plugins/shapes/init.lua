-- shapes: each method takes {v} of one shape and gives it back.
local shapes = {}

local function echo(_, params)
  return { v = params.v }
end

local function register(mesh, name, schema)
  local s = mesh.schema
  local options = { params = s.object { v = schema }, result = s.open_object {}, auth = false }
  mesh.method("shapes." .. name, options, echo)
end

local function variants(s)
  return {
    s.object { type = s.const("text"), text = s.string { minBytes = 1 } },
    s.object { type = s.prefix("x."), content = s.open_object {} },
  }
end

local function mistakes(s)
  return {
    function() local x = s.string { maxByte = 3 } return x end,
    function() local x = s.string "text" return x end,
    function() local x = s.integer { minimum = "1" } return x end,
    function() local x = s.array() return x end,
    function() local x = s.object { s.id() } return x end,
    function() local x = s.object { name = "string" } return x end,
    function() local x = s.enum {} return x end,
    function() local x = s.const {} return x end,
    function() local x = s.prefix "" return x end,
    function() local x = s.union("type", { s.object {} }) return x end,
    function() local x = s.nullable(s.union("type", variants(s))) return x end,
    function() local x = s.map() return x end,
  }
end

local function register_mistakes(mesh)
  local s = mesh.schema
  local options = { result = s.object { list = s.array(s.string()) }, auth = false }
  mesh.method("shapes.mistakes", options, function()
    local list = {}
    for i, mistake in ipairs(mistakes(s)) do
      list[i] = select(2, pcall(mistake))
    end
    return { list = list }
  end)
end

function shapes.start(mesh)
  local s = mesh.schema
  register(mesh, "string", s.string { minBytes = 1, maxBytes = 4, description = "Short." })
  register(mesh, "text", s.text { limitBytes = 4 })
  register(mesh, "id", s.id())
  register(mesh, "bytes", s.bytes { maxBytes = 3 })
  register(mesh, "integer", s.integer { minimum = 1, maximum = 9 })
  register(mesh, "number", s.number())
  register(mesh, "boolean", s.boolean())
  register(mesh, "time", s.time())
  register(mesh, "any", s.any())
  register(mesh, "enum", s.enum { "a", "b", description = "One of two." })
  register(mesh, "const", s.const("yes"))
  register(mesh, "prefix", s.prefix("x."))
  register(mesh, "array", s.array(s.integer(), { maxItems = 2 }))
  register(mesh, "map", s.map(s.integer(), { maxProperties = 2 }))
  register(mesh, "object", s.object { a = s.integer(), ["b?"] = s.integer() })
  register(mesh, "open", s.open_object { a = s.integer() })
  register(mesh, "nullable", s.nullable(s.enum { "a", "b" }))
  register(mesh, "null_id", s.nullable(s.id()))
  register(mesh, "null_const", s.nullable(s.const("a")))
  register(mesh, "union", s.union("type", variants(s)))
  register_mistakes(mesh)
end

return shapes
