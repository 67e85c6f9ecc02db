-- What plugin specs and stories are written in: a host in this process, users
-- who call and expect, a clock that moves when told.
--
--   local host = harness.start {}
--   local ann, bob = host:user("ann"), host:user("bob")
--   local sent = assert(ann:call("chat.send", { receiverId = bob.id, ... }))
--   local event = bob:expect("chat.message")
--   host:advance(7)
local meshtest = require "meshtest"

local harness = { null = meshtest.null, encode = meshtest.encode, decode = meshtest.decode }

local PASSWORD = "correct horse battery"
local ROUNDS_MAX = 1000

local Host = {}
Host.__index = Host
local Client = {}
Client.__index = Client

if os.getenv("MESHTEST_LOG") then
  meshtest.log_to(os.getenv("MESHTEST_LOG"))
else
  meshtest.log_to("/dev/null")
end

-- options: workers (1), plugins (folders of plugin folders), data (a folder; else
-- in memory), limits (true: rate limits as in production).
function harness.start(options)
  local sim, why = meshtest.open(options or {})
  if not sim then
    error("the host does not start: " .. why, 2)
  end
  return setmetatable({ sim = sim, people = {}, opened = 0 }, Host)
end

function Host:stop()
  self.sim:close()
end

function Host:advance(seconds)
  self.sim:advance(math.floor(seconds * 1000))
end

-- true, or nil and the reason; folder: where the new code is (a folder of plugin folders).
function Host:reload(plugin, folder)
  return self.sim:reload(plugin, folder)
end

-- Runs a plugin's command for operators with a table of its arguments: what it answers, or nil and
-- the reason.
function Host:command(name, args)
  local text, why = self.sim:command(name, meshtest.encode(args))
  if not text then
    return nil, why
  end
  return meshtest.decode(text)
end

-- A connection that is not logged in. worker: which one, else each in turn.
function Host:connect(token, worker)
  local conn, status = self.sim:connect(worker or self.opened, token)
  self.opened = self.opened + 1
  if not conn then
    return nil, status
  end
  return setmetatable({ host = self, conn = conn, next_id = 0, inbox = {}, answers = {} }, Client)
end

-- Registers the user at the first call; each call is a login on a device of its
-- own with an open session.
function Host:user(name, device)
  local client = assert(self:connect())
  local params = { username = name, password = PASSWORD, device = device }
  local login, err
  if self.people[name] then
    login, err = client:call("user.login", params)
  else
    params.displayName = name
    login, err = client:call("user.register", params)
  end
  if not login then
    error(("%s can't log in: %s"):format(name, err.message), 2)
  end
  self.people[name] = login.userId
  client.name, client.id, client.login = name, login.userId, login
  client.session = assert(client:call("session.open", { token = login.accessToken }))
  return client
end

-- Takes in what the server sent: answers by id, events in order.
function Client:receive()
  while true do
    local payload = self.host.sim:take(self.conn)
    if not payload then
      return
    end
    local message = assert(meshtest.decode(payload))
    if message.method then
      self.inbox[#self.inbox + 1] = message
    elseif message.id and message.id ~= meshtest.null then
      self.answers[message.id] = message
    else
      self.answers[#self.answers + 1] = message
    end
  end
end

function Client:send_raw(text)
  self.host.sim:send(self.conn, text)
end

-- Starts a call and gives its id; the answer is in :answer(id) once it came.
function Client:start(method, params)
  self.next_id = self.next_id + 1
  local id = ("%d"):format(self.next_id)
  self:send_raw(meshtest.encode { jsonrpc = "2.0", id = id, method = method, params = params })
  return id
end

function Client:answer(id)
  self:receive()
  local message = self.answers[id]
  self.answers[id] = nil
  return message
end

-- The result, or nil and {code, type, message, data}.
function Client:call(method, params)
  local id = self:start(method, params)
  local message
  for _ = 1, ROUNDS_MAX do
    message = self:answer(id)
    if message then
      break
    end
    self.host:advance(0.001)
  end
  if not message then
    error(("no answer to %s (closed: %s)"):format(method, tostring(self:closed())), 2)
  end
  if message.error then
    local e = message.error
    return nil, { code = e.code, type = e.data and e.data.type, message = e.message, data = e.data }
  end
  return message.result
end

function Client:notify(method, params)
  self:send_raw(meshtest.encode { jsonrpc = "2.0", method = method, params = params })
end

local function matches(wanted, got)
  if type(wanted) ~= "table" then
    return wanted == got
  end
  if type(got) ~= "table" then
    return false
  end
  for key, value in pairs(wanted) do
    if not matches(value, got[key]) then
      return false
    end
  end
  return true
end
harness.matches = matches

-- The params of the oldest event of this name (with these members, if given), which is taken
-- out; raises when there is none. Events of other names stay.
function Client:expect(name, wanted)
  local params = self:find(name, wanted)
  if not params then
    local names = {}
    for _, message in ipairs(self.inbox) do
      names[#names + 1] = message.method .. " " .. meshtest.encode(message.params)
    end
    error(("%s got no %s%s; waiting: %s"):format(self.name or "?", name,
      wanted and (" like " .. meshtest.encode(wanted)) or "",
      #names > 0 and table.concat(names, "; ") or "nothing"), 2)
  end
  return params
end

-- As expect, but nil when there is none.
function Client:find(name, wanted)
  self:receive()
  for i, message in ipairs(self.inbox) do
    if message.method == name and (not wanted or matches(wanted, message.params)) then
      table.remove(self.inbox, i)
      return message.params
    end
  end
  return nil
end

function Client:expect_none(name)
  self:receive()
  for _, message in ipairs(self.inbox) do
    if not name or message.method == name then
      error(("%s got %s %s"):format(self.name or "?", message.method,
        meshtest.encode(message.params)), 2)
    end
  end
end

function Client:forget()
  self:receive()
  self.inbox = {}
end

-- nil while open, else the close code and reason.
function Client:closed()
  return self.host.sim:closed(self.conn)
end

function Client:drop()
  self.host.sim:drop(self.conn)
end

return harness
