-- A client's picture of its chats, kept from events alone once a chat is known.
-- Compared with a fresh picture it shows whether events and state agree.
local mirror = {}
mirror.__index = mirror

function mirror.new(client)
  return setmetatable({ client = client, chats = {} }, mirror)
end

function mirror:fresh()
  local chats, cursor, more = {}, nil, true
  while more do
    local page = assert(self.client:call("sync.pull", { cursor = cursor, limit = 2 }))
    for _, chat in ipairs(page.chats) do
      chats[chat.chatId] = chat
    end
    cursor, more = page.cursor, page.more
  end
  return chats
end

function mirror:log_of(chat)
  local log, after, more = {}, 0, true
  while more do
    local ask = { chatId = chat, after = after, limit = 7 }
    local page = assert(self.client:call("chat.history", ask))
    for _, e in ipairs(page.entries) do
      log[e.seq], after = e, e.seq
    end
    more = page.more
  end
  return log
end

local function is_coming(change)
  return change.action == "added" or change.action == "joined"
end

-- Learns a chat as a client does that hears of it for the first time.
function mirror:learn(id)
  local chat = { state = self:fresh()[id], log = self:log_of(id), joined = 0 }
  for seq, e in pairs(chat.log) do
    if e.kind == "member" and e.change.userId == self.client.id and is_coming(e.change) then
      chat.joined = math.max(chat.joined, seq)
    end
  end
  self.chats[id] = chat
end

-- A client that hides a message drops what it had of it.
local function hide(chat, seqs)
  for _, seq in ipairs(seqs) do
    local m = chat.log[seq]
    m.hidden = true
    m.content, m.mentions, m.reactions, m.editedAt, m.expiresAt = nil, nil, nil, nil, nil
    m.forwardedFrom = nil
    for _, e in pairs(chat.log) do
      if e.kind == "edit" and e.target == seq then
        e.content, e.deleted, e.hidden = nil, nil, true
      end
    end
  end
end

local function bury(chat, target)
  local m = chat.log[target]
  if m then
    m.deleted = true
    m.content, m.mentions, m.reactions, m.editedAt, m.expiresAt = nil, nil, nil, nil, nil
    m.forwardedFrom = nil
  end
  for _, e in pairs(chat.log) do
    if e.kind == "edit" and e.target == target and not e.hidden then
      e.content, e.deleted = nil, true
    end
  end
end

local function find(list, is_it)
  for i, item in ipairs(list) do
    if is_it(item) then
      return i
    end
  end
end

local function take_reaction(all, at, user)
  local ids = all[at].userIds
  table.remove(ids, find(ids, function(id) return id == user end))
  if #ids == 0 then
    table.remove(all, at)
  end
end

local function set_reaction(m, p)
  local all = m.reactions or {}
  local at = find(all, function(r) return r.emoji == p.emoji end)
  if p.on then
    at = at or #all + 1
    all[at] = all[at] or { emoji = p.emoji, userIds = {} }
    table.insert(all[at].userIds, p.senderId)
  else
    take_reaction(all, at, p.senderId)
  end
  m.reactions = #all > 0 and all or nil
end

local function apply_member(self, chat, p)
  local change, state = p.change, chat.state
  if is_coming(change) then
    state.memberCount = state.memberCount + 1
  elseif change.action == "removed" or change.action == "left" then
    state.memberCount = state.memberCount - 1
    if change.userId == self.client.id then
      state.left, state.pins = true, {}
    end
  elseif change.action == "role" and change.userId == self.client.id then
    state.role = change.role
  end
  state.title = change.title or state.title
end

local on_entry = {
  ["chat.message"] = function() end,
  ["chat.edited"] = function(_, chat, p)
    local m = chat.log[p.target]
    if m and m.hidden then
      p.content, p.hidden = nil, true
    elseif m then
      m.content, m.editedAt = p.content, p.sentAt
    end
  end,
  ["chat.deleted"] = function(_, chat, p)
    bury(chat, p.target)
  end,
  ["chat.reaction"] = function(_, chat, p)
    if chat.log[p.target] and not chat.log[p.target].hidden then
      set_reaction(chat.log[p.target], p)
    end
  end,
  ["group.changed"] = apply_member,
}

local function apply_receipt(self, state, p)
  if p.userId == self.client.id then
    state.myRead, state.myDelivered = p.read, p.delivered
  elseif state.kind == "direct" then
    state.peerRead, state.peerDelivered = p.read, p.delivered
  end
end

function mirror:apply(event, p)
  local chat = self.chats[p.chatId]
  if not chat or (chat.state.left and p.change and is_coming(p.change)) then
    return self:learn(p.chatId)
  end
  if event == "chat.updated" then
    hide(chat, p.hidden or {})
    for name, value in pairs(p) do
      chat.state[name] = value
    end
  elseif event == "receipts.update" then
    apply_receipt(self, chat.state, p)
  elseif not chat.log[p.seq] then
    assert(not chat.state.left, "an event after the one that told to be out")
    assert(p.seq == chat.state.lastSeq + 1, "a gap before seq " .. p.seq)
    chat.log[p.seq] = p
    chat.state.lastSeq, chat.state.updatedAt = p.seq, p.sentAt
    on_entry[event](self, chat, p)
  end
end

-- Takes in all events that have come.
function mirror:listen()
  self.client:receive()
  local inbox = self.client.inbox
  self.client.inbox = {}
  for _, message in ipairs(inbox) do
    local name = message.method
    if on_entry[name] or name == "chat.updated" or name == "receipts.update" then
      self:apply(name, message.params)
    end
  end
end

-- What follows from the log: the last message and how many are unread.
function mirror:derived(chat, null)
  local last, unread, state = null, 0, chat.state
  for seq = 1, state.lastSeq do
    local e = chat.log[seq]
    if e and e.kind == "message" and not e.deleted and not e.hidden then
      last = e
      local is_new = seq > math.max(state.myRead, chat.joined)
      unread = unread + (is_new and e.senderId ~= self.client.id and 1 or 0)
    end
  end
  return last, unread
end

return mirror
