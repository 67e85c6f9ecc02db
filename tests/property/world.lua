-- Runs one schedule on a host: people with devices that come and go, calls in
-- flight while others start, plugins that are reloaded, a clock that moves.
local acts = require "acts"
local device = require "device"
local harness = require "harness"
local prng = require "prng"

local world = {}
world.__index = world

local PASSWORD = "correct horse battery"
local PLUGINS = { "chat", "groups", "receipts", "users", "presence" }
local WAITS_MAX = 500 -- ms for an answer when nothing else happens

-- Refusals that a call may meet; anything else is a failure of the server.
local REFUSALS = {
  not_found = true, forbidden = true, conflict = true, invalid_params = true, too_large = true,
}

local function register(self, name, index)
  local guest = assert(self.host:connect())
  local login, err = guest:call(index == 1 and "user.register" or "user.login", {
    username = name, password = PASSWORD, displayName = index == 1 and name or nil,
  })
  if not login then
    self:fail("%s can't log in: %s", name, harness.encode(err))
  end
  guest:drop()
  return login
end

-- tag tells the people of one schedule from those of others on the same host.
function world.new(host, plan, tag)
  local self = setmetatable({
    host = host, sim = host.sim, plan = plan, users = {}, devices = {}, chats = {}, kinds = {},
    ledger = {}, identities = {}, codes = {}, trace = {}, changing = {}, raced = {},
    dice = prng.new(plan.seed ~ 1),
  }, world)
  for i, count in ipairs(plan.users) do
    local user = { name = ("u%d.%s"):format(i, tag), devices = {} }
    self.users[i] = user
    for k = 1, count do
      local login = register(self, user.name, k)
      local d = device.new(self, ("u%d.%d"):format(i, k), login)
      user.id, user.devices[k], self.ledger[d.name] = login.userId, d, {}
      self.devices[#self.devices + 1] = d
    end
  end
  return self
end

function world:fail(...)
  error({ message = string.format(...) }, 0)
end

function world:note(...)
  self.trace[#self.trace + 1] = string.format(...)
end

function world:saw(state)
  if not self.kinds[state.chatId] then
    self.kinds[state.chatId] = state.kind
    self.chats[#self.chats + 1] = state.chatId
  end
end

-- ---- calls ----

-- One use of a clientMsgId; all uses of one are kept together.
local function enter(self, d, method, params)
  local try = { device = d, method = method, params = params }
  if not params.clientMsgId then
    return try
  end
  local key = d.device_id .. " " .. params.clientMsgId
  local tries = self.identities[key]
  if not tries then
    tries = { key = key }
    self.identities[key] = tries
    self.identities[#self.identities + 1] = tries
    table.insert(self.ledger[d.name], try)
  end
  tries[#tries + 1] = try
  return try
end

-- What a call changes that has no place in the log.
local CHANGES = {
  ["chat.mute"] = "muted", ["chat.draft"] = "draft", ["chat.pin"] = "pins",
  ["chat.delete"] = "pins",
}

-- Remembers when two changes of one thing are in flight at once: chat.updated
-- does not say which came last, so devices may end with either (README.md).
local function watch_races(self, d, method, params)
  local name = CHANGES[method]
  if name then
    local key = params.chatId .. " " .. name .. (name ~= "pins" and " " .. d.id or "")
    self.raced[key] = self.raced[key] or self.changing[key]
    self.changing[key] = true
  end
end

function world:has_raced(d, chat, name)
  return self.raced[chat .. " " .. name .. (name ~= "pins" and " " .. d.id or "")]
end

function world:call(d, method, params)
  local try = enter(self, d, method, params)
  watch_races(self, d, method, params)
  self:note("%s %s %s", d.name, method, harness.encode(params))
  d:ask(method, params, function(result, err)
    try.result, try.err = result, err
    self:note("  %s %s -> %s", d.name, params.clientMsgId or method, harness.encode(result or err))
    if err then
      if not REFUSALS[err.type] then
        self:fail("%s to %s: %s", method, d.name, harness.encode(err))
      end
      return
    end
    if method == "group.link" then
      self.codes[#self.codes + 1] = result.code
    end
    d:did(method, params, result)
  end)
  return try
end

-- ---- steps ----

local function online(self, is_online)
  local list = {}
  for _, d in ipairs(self.devices) do
    if (d.conn ~= nil) == is_online then
      list[#list + 1] = d
    end
  end
  return list
end

function world:settle()
  self.sim:advance(0)
  self.changing = {}
end

local SCENES = {
  clock = function(self, g)
    local ms = g:below(2000)
    self:note("clock +%d ms", ms)
    self:settle()
    self.sim:advance(ms)
  end,
  cut = function(self, g)
    local d = g:pick(online(self, true))
    if d then
      if g:one_in(2) then
        d:read()
      end
      self:note("%s is cut off", d.name)
      d:disconnect()
    end
  end,
  connect = function(self, g)
    local d = g:pick(online(self, false)) or (g:one_in(4) and g:pick(self.devices))
    if d then
      self:note("%s connects", d.name)
      d:connect(g:below(8))
    end
  end,
  overflow = function(self, g)
    local d = g:pick(online(self, true))
    if d then
      self:note("%s misses events and is told to sync", d.name)
      d:overflow()
    end
  end,
  reload = function(self, g)
    local plugin = g:pick(PLUGINS)
    self:note("reload %s", plugin)
    local ok, why = self.sim:reload(plugin)
    if not ok then
      self:fail("%s does not reload: %s", plugin, why)
    end
  end,
}

local function act(self, step, g)
  local d = g:pick(online(self, true))
  if not d or not d.is_open then
    return
  end
  local method, params = acts[step.act](self, d, g, step.name)
  if method then
    self:call(d, method, params)
  end
end

-- Lets the host do some of its work, or all of it.
local function progress(self, g)
  if self.plan.haste > 0 and g:below(4) <= self.plan.haste then
    for _ = 1, g:below(4) - 1 do
      self.sim:turn()
    end
  else
    self:settle()
  end
  for _, d in ipairs(self.devices) do
    if not g:one_in(4) then
      d:read()
    end
  end
end

function world:step(step)
  local g = prng.new(step.seed)
  if SCENES[step.act] then
    SCENES[step.act](self, g)
  else
    act(self, step, g)
  end
  progress(self, g)
end

-- ---- quiet ----

local function waiting_for(self)
  for _, d in ipairs(self.devices) do
    local _, call = next(d.waiting)
    if call then
      return d.name, call.method
    end
  end
end

-- Until nobody waits for an answer and nothing is left to read.
function world:quiet()
  local waits = 0
  repeat
    self:settle()
    local any = false
    for _, d in ipairs(self.devices) do
      any = d:read() or any
    end
    local who, method = waiting_for(self)
    if not any and who then
      self.sim:advance(1)
      waits = waits + 1
      if waits > WAITS_MAX then
        self:fail("%s gets no answer to %s", who, method)
      end
    end
  until not any and not who
end

-- Everybody who is away comes back.
function world:gather()
  for _, d in ipairs(self.devices) do
    if not d.conn then
      d:connect(self.dice:below(8))
    end
  end
  self:quiet()
end

-- A call's result when nothing else goes on; or nil, err.
function world:await(d, method, params)
  local result, err
  d:ask(method, params, function(r, e)
    result, err = r, e
  end)
  self:settle()
  d:read()
  if not result and not err then
    self:quiet()
  end
  return result, err
end

function world:must(d, method, params)
  local result, err = self:await(d, method, params)
  if not result then
    self:fail("%s is refused to %s: %s", method, d.name, harness.encode(err))
  end
  return result
end

function world:start()
  for _, d in ipairs(self.devices) do
    d:connect(self.dice:below(8))
  end
  self:quiet()
end

function world:finish()
  for _, d in ipairs(self.devices) do
    d:disconnect()
  end
  self:settle()
end

return world
