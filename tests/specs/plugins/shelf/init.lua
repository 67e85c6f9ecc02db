-- shelf: lets a spec use mesh.kv from outside.
local shelf = {}

local function answer(value, second)
  if value == nil then
    return { err = second and second.type, nothing = second == nil }
  end
  return { value = value, version = second }
end

local function get(mesh, params)
  return answer(mesh.kv.get(params.key))
end

local function set(mesh, params)
  local options = { ttl = params.ttl, version = params.version }
  local ok, value, err = pcall(mesh.kv.set, params.key, params.value, options)
  if not ok then
    return { raised = value }
  end
  return answer(value, err)
end

local function delete(mesh, params)
  return answer(mesh.kv.delete(params.key))
end

local function list(mesh, params)
  local rows = mesh.kv.list(params.prefix, { limit = params.limit, after = params.after })
  return { rows = mesh.json.array(rows) }
end

local function has_db(mesh)
  return { value = mesh.db ~= nil }
end

function shelf.start(mesh)
  local s = mesh.schema
  local handlers = { get = get, set = set, delete = delete, list = list, has_db = has_db }
  for name, handler in pairs(handlers) do
    local options = { params = s.open_object {}, result = s.open_object {}, auth = false }
    handlers[name] = { options, handler }
  end
  for _, name in ipairs { "get", "set", "delete", "list", "has_db" } do
    mesh.method("shelf." .. name, handlers[name][1], handlers[name][2])
  end
end

return shelf
