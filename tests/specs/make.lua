-- Plugins that a spec writes itself, so that what is tested and the code it is
-- tested with stand side by side.
--
--   local folder = make.folder()
--   make.plugin(folder, "echo", { crypto = true }, [[
--     serve("echo.say", function(mesh, params) return params end)
--   ]])
local harness = require "harness"

local make = {}

local made = {}

-- What every plugin here begins with: serve(name, handler) is a client method
-- that takes and gives anything; `on_start` is a list of functions(mesh, saved).
local PREAMBLE = [[
local plugin, on_start = {}, {}
function plugin.start(mesh, saved)
  for _, fn in ipairs(on_start) do fn(mesh, saved) end
end
local function starting(fn) on_start[#on_start + 1] = fn end
local function serve(name, handler)
  starting(function(mesh)
    local any = mesh.schema.open_object {}
    mesh.method(name, { params = any, result = any, auth = false }, handler)
  end)
end
]]
make.PREAMBLE_LINES = select(2, PREAMBLE:gsub("\n", "\n"))

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end
make.write = write

-- A folder of plugin folders, gone after make.clean().
function make.folder()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir -p " .. path))
  made[#made + 1] = path
  return path
end

function make.clean()
  for _, path in ipairs(made) do
    os.execute("rm -rf " .. path)
  end
  made = {}
end

-- code: what stands between the preamble and `return plugin`; more: other members of the manifest.
function make.plugin(folder, name, capabilities, code, more)
  local manifest = { name = name, version = "1.0.0", api = "1", summary = "For a spec." }
  manifest.capabilities = capabilities
  for key, value in pairs(more or {}) do
    manifest[key] = value
  end
  local path = folder .. "/" .. name
  assert(os.execute("mkdir -p " .. path))
  write(path .. "/plugin.json", harness.encode(manifest))
  write(path .. "/init.lua", PREAMBLE .. code .. "\nreturn plugin\n")
  return path
end

return make
