-- strong: does things for its friends only.
local strong = {}

local FRIENDS = { friend = true }

local function act(mesh, _, from)
  if not FRIENDS[from.plugin] then
    return nil, mesh.error("forbidden", "not for " .. from.plugin)
  end
  return { done = true }
end

-- Whoever calls is called back.
local function circle(mesh)
  local result, err = mesh.call("prowler.again", {})
  return { result = result, err = err and err.message }
end

local function slow(mesh, params)
  mesh.timer.sleep(params.seconds)
  return { slept = params.seconds }
end

local function fail(mesh)
  return nil, mesh.error("conflict", "as asked", { big = ("x"):rep(1000), list = { 1, 2, 3 } })
end

local function huge()
  return { text = ("x"):rep(3 * 1024 * 1024) }
end

function strong.start(mesh)
  mesh.export("act", {}, act)
  mesh.export("circle", {}, circle)
  mesh.export("slow", {}, slow)
  mesh.export("fail", {}, fail)
  mesh.export("huge", {}, huge)
end

return strong
