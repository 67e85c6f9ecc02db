-- A device that does what the protocol asks of a client: it keeps what it has
-- seen over dropped connections, orders by seq, fills gaps, and pulls again
-- when it is told to or hears of a chat that it does not know.
local chat = require "chat"
local meshtest = require "meshtest"

local null = meshtest.null

local ENTRIES = {
  ["chat.message"] = true,
  ["chat.edited"] = true,
  ["chat.deleted"] = true,
  ["chat.reaction"] = true,
  ["group.changed"] = true,
}
local PULLS = { 1, 2, 50 }

local device = {}
device.__index = device

-- login is what user.login answered.
function device.new(world, name, login)
  return setmetatable({
    world = world,
    name = name,
    id = login.userId,
    device_id = login.deviceId,
    token = login.accessToken,
    chats = {},
    waiting = {},
    next_id = 0,
  }, device)
end

-- ---- the connection ----

function device:ask(method, params, on_answer)
  self.next_id = self.next_id + 1
  local id = tostring(self.next_id)
  self.waiting[id] = { method = method, on_answer = on_answer }
  self.world.sim:post(self.conn, meshtest.encode {
    jsonrpc = "2.0", id = id, method = method, params = params,
  })
end

function device:connect(worker)
  self:disconnect()
  self.conn = assert(self.world.sim:connect(worker))
  self:ask("session.open", { token = self.token }, function(_, err)
    if err then
      self.world:fail("%s can't open its session: %s", self.name, err.message)
    end
    self.is_open = true
    self:pull()
  end)
end

-- What the server has sent and the device has not read is lost, answers too.
function device:disconnect()
  if not self.conn then
    return
  end
  self.world.sim:cut(self.conn)
  self.conn, self.is_open, self.waiting, self.pulling, self.held = nil, false, {}, false, nil
  for _, c in pairs(self.chats) do
    c:disconnected()
  end
end

-- ---- sync ----

function device:pull()
  if not self.is_open then
    return -- opening ends in a pull
  end
  if self.pulling then
    self.again = true
    return
  end
  self.pulling, self.again, self.held = true, false, {}
  local params = { cursor = self.cursor, limit = self.world.dice:pick(PULLS) }
  self:ask("sync.pull", params, function(page, err)
    self.pulling = false
    if err then
      self.world:fail("%s: sync.pull is refused: %s", self.name, err.message)
    end
    self:take_page(page)
    if page.more or self.again then
      return self:pull()
    end
    for _, id in ipairs(self.world.chats) do
      if self.chats[id] then
        self.chats[id]:complete()
      end
    end
  end)
end

function device:take_page(page)
  self.cursor = page.cursor
  for _, state in ipairs(page.chats) do
    local c = self.chats[state.chatId] or chat.new(self, state.chatId)
    self.chats[state.chatId] = c
    self.world:saw(state)
    c:set_state(state)
  end
  -- What was told while the page was on its way may be newer than the page.
  local held = self.held
  self.held = nil
  for _, p in ipairs(held) do
    self:update(p)
  end
end

-- Applies a change without an entry, after the page that is being asked for.
function device:update(p)
  if self.held then
    self.held[#self.held + 1] = p
  end
  local c = self.chats[p.chatId]
  if c then
    c:update(p)
  else
    self:pull()
  end
end

function device:take_entry(e)
  local c = self.chats[e.chatId]
  if not c then
    return self:pull()
  end
  c:take(e)
  c:fill()
  c:learn_members()
end

function device:receipt(p)
  if self.chats[p.chatId] then
    self.chats[p.chatId]:receipt(p)
  else
    self:pull()
  end
end

function device:take_event(name, p)
  if ENTRIES[name] then
    self:take_entry(p)
  elseif name == "chat.updated" then
    self:update(p)
  elseif name == "receipts.update" then
    self:receipt(p)
  elseif name == "sync.reset" then
    self:pull()
  end
end

-- ---- what arrives ----

function device:take_answer(message)
  local call = self.waiting[message.id]
  if not call then
    self.world:fail("%s got two answers to one call: %s", self.name, meshtest.encode(message))
  end
  self.waiting[message.id] = nil
  local e = message.error
  if not e then
    return call.on_answer(message.result)
  end
  call.on_answer(nil, { type = e.data and e.data.type, message = e.message, data = e.data })
end

-- Reads what has come; true when there was something.
function device:read()
  local any = false
  while self.conn do
    local payload = self.world.sim:take(self.conn)
    if not payload then
      break
    end
    any = true
    local message = assert(meshtest.decode(payload))
    if message.method then
      self:take_event(message.method, message.params)
    else
      self:take_answer(message)
    end
  end
  local code, reason = nil, nil
  if self.conn then
    code, reason = self.world.sim:closed(self.conn)
  end
  if code then
    self.world:fail("%s is closed by the server: %d %s", self.name, code, reason)
  end
  return any
end

-- A queue that was full: its events are gone, its answers are not, and the
-- device is told so.
function device:overflow()
  local answers = {}
  while self.conn do
    local payload = self.world.sim:take(self.conn)
    if not payload then
      break
    end
    local message = assert(meshtest.decode(payload))
    if not message.method then
      answers[#answers + 1] = message
    end
  end
  for _, message in ipairs(answers) do
    self:take_answer(message)
  end
  if self.conn then
    self:take_event("sync.reset", {})
  end
end

-- ---- its own writes ----

-- A message that was just sent, as the others are told of it.
function device:sent(p, answer)
  local c = self.chats[answer.chatId]
  if not c then
    return self:pull()
  end
  if answer.duplicate then
    c.want = math.max(c.want, answer.seq)
    return c:fill()
  end
  c:take {
    chatId = answer.chatId, seq = answer.seq, kind = "message", messageId = answer.messageId,
    senderId = self.id, deviceId = self.device_id, clientMsgId = p.clientMsgId,
    sentAt = answer.sentAt, type = p.type, content = p.content, replyTo = p.replyTo,
    mentions = p.mentions, expiresAt = p.expiresIn and answer.sentAt + p.expiresIn * 1000,
  }
  c:fill()
end

-- An entry was written (or there already) of which only the seq is known.
function device:wrote(id, seq)
  local c = self.chats[id]
  if not c then
    return self:pull()
  end
  c.want = math.max(c.want, seq)
  c:fill()
end

local AFTER = {
  ["chat.send"] = function(self, p, answer) self:sent(p, answer) end,
  ["chat.forward"] = function(self, _, answer) self:wrote(answer.chatId, answer.seq) end,
  ["chat.edit"] = function(self, p, answer) self:wrote(p.chatId, answer.seq) end,
  ["chat.delete"] = function(self, p, answer) self:wrote(p.chatId, answer.seq) end,
  ["chat.react"] = function(self, p, answer) self:wrote(p.chatId, answer.seq) end,
  ["chat.mute"] = function(self, p) self:update { chatId = p.chatId, muted = p["until"] } end,
  ["chat.hide"] = function(self, p) self:update { chatId = p.chatId, hidden = p.targets } end,
  ["chat.draft"] = function(self, p)
    local draft = p.text == null and null or { text = p.text, replyTo = p.replyTo }
    self:update { chatId = p.chatId, draft = draft }
  end,
  ["receipts.mark"] = function(self, p, answer)
    local own = { chatId = p.chatId, userId = self.id }
    own.read, own.delivered = answer.read, answer.delivered
    self:receipt(own)
  end,
}

local function learn(self, _, answer)
  if not self.chats[answer.chatId] then
    self:pull()
  end
end
AFTER["chat.open"], AFTER["group.create"], AFTER["group.join"] = learn, learn, learn

-- A call that was answered with a result.
function device:did(method, params, answer)
  if AFTER[method] then
    AFTER[method](self, params, answer)
  end
end

return device
