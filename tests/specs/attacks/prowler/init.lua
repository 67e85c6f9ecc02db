-- prowler: each function below is an attack on one binding. It returns what it
-- got for it, or raises.
local prowler = {}
local attacks = {}

local point
local function nothing() end
local kept = {} -- what a leaking plugin never lets go of

local function nested(depth)
  local inner = {}
  for _ = 1, depth do
    inner = { inner }
  end
  return inner
end

local function circle()
  local t = { name = "circle" }
  t.self = t
  return t
end

local function text_of(ok, value)
  return { ok = ok, value = ok and tostring(value) or value }
end

-- ---- mesh.json ----

function attacks.json_deep(mesh)
  return text_of(pcall(mesh.json.encode, nested(10000)))
end

function attacks.json_circle(mesh)
  return text_of(pcall(mesh.json.encode, circle()))
end

function attacks.json_huge(mesh)
  local row = { text = ("x"):rep(1000) }
  local rows = {}
  for i = 1, 100000 do
    rows[i] = row
  end
  return text_of(pcall(mesh.json.encode, rows))
end

function attacks.json_lies(mesh)
  local liar = setmetatable({ 1, 2, 3 }, {
    __len = function() return 1e9 end,
    __index = function() return "made up" end,
    __pairs = function() error("called") end,
  })
  return text_of(pcall(mesh.json.encode, liar))
end

function attacks.json_decode_deep(mesh)
  local value, err = mesh.json.decode(("["):rep(100000))
  return { value = value, type = err and err.type }
end

function attacks.json_bomb(mesh)
  -- Small as text, large as tables.
  local value, err = mesh.json.decode("[" .. ("[],"):rep(100000) .. "[]]")
  return { is_nil = value == nil, type = err and err.type }
end

-- ---- mesh.db ----

local COUNT = [[WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :max)
  SELECT ]]

function attacks.db_rows(mesh)
  local rows, err = mesh.db.query(COUNT .. "i FROM n", { max = 1000000 })
  return { count = rows and #rows, type = err and err.type }
end

function attacks.db_bytes(mesh)
  local rows, err = mesh.db.query(COUNT .. "i, zeroblob(1000000) AS b FROM n", { max = 1000 })
  return { count = rows and #rows, type = err and err.type }
end

function attacks.db_memory(mesh)
  -- Within the database's limits, past the cell's.
  local rows = mesh.db.query(COUNT .. "i, hex(zeroblob(500)) AS text FROM n", { max = 15000 })
  return { count = #rows }
end

function attacks.db_long(mesh)
  local row, err = mesh.db.first(COUNT .. "count(i) AS n FROM n", { max = 1000000000 })
  return { n = row and row.n, type = err and err.type }
end

function attacks.db_sql(mesh, params)
  local ok, rows, err = pcall(mesh.db.query, params.sql)
  if not ok then
    return { raised = rows }
  end
  return { count = rows and #rows, type = err and err.type }
end

function attacks.db_write(mesh, params)
  local ok, rows, err = pcall(mesh.db.write, { { params.sql } })
  if not ok then
    return { raised = rows }
  end
  return { count = rows and #rows, type = err and err.type }
end

-- ---- mesh.call ----

function attacks.call_strong(mesh)
  local result, err = mesh.call("strong.act", { plugin = "friend", from = { plugin = "friend" } })
  return { result = result, type = err and err.type, message = err and err.message }
end

function attacks.call_ungranted(mesh)
  return text_of(pcall(mesh.call, "bystander.anything", {}))
end

function attacks.call_circle(mesh)
  return (assert(mesh.call("strong.circle", {})))
end

function attacks.call_slow(mesh, params)
  local result, err = mesh.call("strong.slow", { seconds = params.seconds })
  return { result = result, type = err and err.type }
end

function attacks.call_failing(mesh)
  local _, err = mesh.call("strong.fail", {})
  return { type = err.type, message = err.message, list = err.data.list[3] }
end

-- The answer does not fit beside what is kept.
function attacks.call_huge(mesh)
  local ballast = {}
  for i = 1, 12 do
    ballast[i] = ("%d"):format(i):rep(100000)
  end
  local result = mesh.call("strong.huge", {})
  return { bytes = #result.text, ballast = #ballast }
end

function attacks.call_with_circle(mesh)
  return text_of(pcall(mesh.call, "strong.act", circle()))
end

-- ---- logs and metrics ----

function attacks.log_forge(mesh)
  mesh.log.error("innocent\n2026-01-01 ERROR users forged line\27[31m\r\0\127 end", {
    text = "\nforged field\27]0;title\7",
  })
  return {}
end

function attacks.log_flood(mesh)
  for i = 1, 5000 do
    mesh.log.warn("flood", { i = i })
  end
  return {}
end

function attacks.raise_lines(_)
  error("one\ntwo\27[2J\r\nthree forged", 0)
end

function attacks.metric_names(mesh)
  local made = 0
  for i = 1, 10000 do
    if not pcall(mesh.metrics.counter, "made_up_" .. i) then
      break
    end
    made = i
  end
  return { made = made }
end

function attacks.metric_kinds(mesh)
  local counter = mesh.metrics.counter("same_name")
  local histogram = mesh.metrics.histogram("same_name")
  histogram:observe(1)
  counter:add(1)
  return text_of(pcall(counter.add, counter, -1))
end

function attacks.metric_of_other(mesh)
  local counter = mesh.metrics.counter("borrowed")
  return text_of(pcall(counter.add, mesh.session.audience {}, 1))
end

-- ---- options that change while they are read ----

-- An __index that gives a fresh string each time and collects the one before.
local function shifting(names)
  return setmetatable({}, {
    __index = function(_, name)
      local text = names[name] and ("u"):rep(40) .. #kept
      for _ = 1, 2000 do
        local _ = { name }
      end
      return text
    end,
  })
end

function attacks.deliver_shifting(mesh)
  for _ = 1, 20 do
    mesh.session.deliver({ "nobody", "none" }, "prowler.event", { list = { 1, 2, 3 } },
      shifting { exceptUser = true })
  end
  return {}
end

function attacks.close_shifting(mesh)
  return text_of(pcall(mesh.session.close, shifting { sessionId = true, userId = true }))
end

function attacks.open_shifting(mesh)
  return text_of(pcall(mesh.session.open,
    shifting { sessionId = true, userId = true, deviceId = true }))
end

function attacks.deliver_wrong(mesh)
  local refused = 0
  for _ = 1, 100 do
    refused = refused + (pcall(mesh.session.deliver, { "a", 2 }, "prowler.event", {}) and 0 or 1)
  end
  return { refused = refused }
end

function attacks.deliver_circle(mesh)
  return text_of(pcall(mesh.session.deliver, "nobody", "prowler.event", circle()))
end

function attacks.audience_lies(mesh)
  local audience = mesh.session.audience { "a", "b" }
  local refused = {
    pcall(setmetatable, audience, {}),
    pcall(mesh.session.deliver, point, "prowler.event", {}),
    pcall(mesh.session.audience, { "a", {} }),
    pcall(mesh.session.audience, setmetatable({}, { __len = function() return 1e12 end })),
  }
  return {
    count = #audience, metatable = tostring(getmetatable(audience)),
    refused = { refused[1], refused[2], refused[3] },
  }
end

-- ---- registrations ----

local function register_late(mesh)
  local tries = {
    pcall(mesh.method, "prowler.late", {}, nothing),
    pcall(mesh.export, "late", {}, nothing),
    pcall(mesh.point, "prowler.latepoint", {}),
    pcall(mesh.hook, "prowler.point", { stage = "observe" }, nothing),
    pcall(mesh.bus.on, "prowler.late", nothing),
    pcall(mesh.timer.on, "late", nothing),
    pcall(mesh.timer.every, "tick", 1),
    pcall(mesh.route, "GET", "/late", {}, nothing),
    pcall(mesh.event, "prowler.lateevent", {}),
  }
  local allowed = 0
  for _, ok in ipairs(tries) do
    allowed = allowed + (ok == true and 1 or 0)
  end
  return { allowed = allowed }
end
attacks.register_late = register_late

-- ---- floods ----

function attacks.bus_flood(mesh, params)
  for i = 1, params.count do
    mesh.bus.publish("prowler.noise", { i = i })
  end
  return {}
end

function attacks.bus_storm(mesh)
  mesh.bus.publish("prowler.storm", {})
  return {}
end

function attacks.bus_circle(mesh)
  return text_of(pcall(mesh.bus.publish, "prowler.noise", circle()))
end

function attacks.bus_ungranted(mesh)
  return text_of(pcall(mesh.bus.publish, "users.revoked", {}))
end

function attacks.timers(mesh)
  local made = 0
  for _ = 1, 5000 do
    if not pcall(mesh.timer.after, 3600, "later") then
      break
    end
    made = made + 1
  end
  return { made = made }
end

function attacks.timers_due(mesh)
  for _ = 1, 500 do
    mesh.timer.after(1, "fails")
  end
  return {}
end

function attacks.sleep_long(mesh)
  mesh.timer.sleep(31536000)
  return {}
end

function attacks.sleep_wrong(mesh)
  local raised = 0
  for _, seconds in ipairs { -1, 1e300, 0 / 0, math.huge } do
    raised = raised + (pcall(mesh.timer.sleep, seconds) and 0 or 1)
  end
  return { raised = raised }
end

-- ---- the code itself ----

function attacks.loop()
  while true do end
end

function attacks.leak()
  while true do
    kept[#kept + 1] = ("x"):rep(1000) .. #kept
  end
end

function attacks.forget()
  kept = {}
  return {}
end

function attacks.return_circle()
  return circle()
end

function attacks.return_function()
  return { print = pcall }
end

function attacks.return_huge()
  local text = ("x"):rep(1000000)
  local list = {}
  for i = 1, 100 do
    list[i] = text
  end
  return { list = list }
end

function attacks.raise_object()
  error(setmetatable({}, { __tostring = function() while true do end end }))
end

function attacks.wrong_error(mesh)
  local err = mesh.error("conflict", "fine", { circle = circle() })
  err.type = ("k"):rep(5000)
  err.message = ("\195"):rep(5000)
  return nil, err
end

function attacks.observed(mesh, params)
  for i = 1, params.count do
    point:observe({ i = i })
  end
  return {}
end

function attacks.run_point(_)
  local event, err = point:run({ by = "prowler" })
  return { event = event, type = err and err.type }
end

function attacks.config(mesh)
  error("the key is " .. mesh.config.apiKey)
end

function attacks.limit_keys(mesh)
  for i = 1, 20000 do
    mesh.limit.take("key" .. i, { rate = 1, burst = 1 })
  end
  return {}
end

-- ---- wiring ----

local function run(mesh, params)
  local attack = assert(attacks[params.attack], "no such attack")
  return attack(mesh, params)
end

function prowler.start(mesh)
  local s = mesh.schema
  mesh.method("prowler.run", {
    params = s.open_object { attack = s.string { maxLength = 64 } }, result = s.open_object {},
    auth = false,
  }, run)
  -- Options that register more while they are read.
  local empty = { params = s.open_object {}, result = s.open_object {}, auth = false }
  local shifty = setmetatable(empty, {
    __index = function(_, name)
      if name == "limit" then
        for i = 1, 100 do
          mesh.export("grown" .. i, {}, nothing)
        end
      end
    end,
  })
  mesh.method("prowler.shifty", shifty, function() return {} end)
  mesh.export("again", {}, function() return mesh.call("strong.circle", {}) end)
  point = mesh.point("prowler.point", {})
  mesh.hook("prowler.point", { stage = "observe" }, function() error("thrown by an observer") end)
  mesh.hook("prowler.point", { stage = "validate" }, function() error("thrown by a hook") end)
  mesh.bus.on("prowler.storm", function(m)
    m.bus.publish("prowler.storm", {})
    m.bus.publish("prowler.storm", {})
  end)
  mesh.timer.on("later", function() end)
  mesh.timer.on("fails", function() error("thrown by a timer") end)
  mesh.timer.on("tick", function() while true do end end)
end

return prowler
