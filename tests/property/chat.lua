-- One chat as a device keeps it: the last state it pulled, the entries it has,
-- and what changes without an entry. It asks for what it lacks through `ask`.
local fold = require "fold"

local null = require("meshtest").null

local PAGES = { 3, 20, 200 } -- sizes of pages, so that small ones are walked too
local MARKS = { "myRead", "myDelivered", "peerRead", "peerDelivered" }

local chat = {}
chat.__index = chat

function chat.new(device, id)
  return setmetatable({
    device = device,
    id = id,
    log = {},
    low = nil, -- the first entry this user may see
    high = 0, -- all from low to here are there
    want = 0, -- an entry this high is known to exist
    hidden = {},
    marks = {},
    out = false, -- the last of my own comings and goings in the log was a going
  }, chat)
end

function chat:fail(...)
  self.device.world:fail("%s, %s: " .. (...), self.device.name, self.id, select(2, ...))
end

-- ---- the log ----

-- Drops what came before a joining: who comes back reads from there, and has not
-- been told of what changed while they were out.
function chat:begin_at(seq)
  if self.low then
    self.device:pull()
  end
  for at in pairs(self.log) do
    if at < seq then
      self.log[at] = nil
    end
  end
  self.low, self.high, self.members, self.out = seq, seq - 1, nil, false
end

local function walk(self)
  local me = self.device.id
  while self.log[self.high + 1] do
    local e = self.log[self.high + 1]
    if fold.comes(e, me) then
      if self.out then
        self:begin_at(e.seq)
      end
      self.out = false
    elseif fold.goes(e, me) then
      self.out = true
    end
    self.high = e.seq
  end
end

-- Takes an entry in, from wherever it came.
function chat:take(e)
  local mine = self.log[e.seq]
  if mine and (mine.messageId ~= e.messageId or mine.kind ~= e.kind) then
    self:fail("two entries have seq %d", e.seq)
  end
  if mine or (self.low and e.seq < self.low) then
    return
  end
  self.log[e.seq] = e
  self.want = math.max(self.want, e.seq)
  if self.low then
    walk(self)
  end
end

function chat:has_gap()
  return not self.low or self.high < self.want
end

function chat:fill()
  if self.filling or not self:has_gap() or not self.device.is_open then
    return
  end
  self.filling = true
  local after, want = self.high, self.want
  local limit = self.device.world.dice:pick(PAGES)
  local params = { chatId = self.id, after = after, limit = limit }
  self.device:ask("chat.history", params, function(page, err)
    self.filling = false
    if err then
      self:fail("chat.history is refused: %s", err.message)
    end
    local first = page.entries[1]
    if first and (not self.low or first.seq > after + 1) and self.high == after then
      self:begin_at(first.seq)
    end
    for _, e in ipairs(page.entries) do
      self:take(e)
    end
    if self.low then
      walk(self)
    end
    if self.high > after or self.want > want then
      self:fill()
      self:learn_members()
    end
  end)
end

-- ---- state ----

-- A state that sync.pull gave: later than all before it.
function chat:set_state(state)
  self.state = state
  self.muted, self.pins = state.muted, state.pins
  self:update { draft = state.draft or null }
  self.want = math.max(self.want, state.lastSeq)
  for _, name in ipairs(MARKS) do
    self:mark(name, state[name])
  end
  self.hides = math.max(self.hides or 0, state.hides or 0)
  self:complete()
end

-- Asks for what is lacking, after a pull or because answers were lost.
function chat:complete()
  self:fill()
  self:learn_members()
  self:learn_hidden()
end

function chat:mark(name, value)
  if value then
    self.marks[name] = math.max(self.marks[name] or 0, value)
  end
end

local function lacks_members(self)
  return not self.members and not self.learning and self.state.kind ~= "direct"
    and not self.out and not self.state.left
end

function chat:learn_members()
  if not self.device.is_open or not lacks_members(self) then
    return
  end
  self.learning = true
  local all = {}
  local function page(cursor)
    local params = { chatId = self.id, cursor = cursor, limit = 2 }
    self.device:ask("group.members", params, function(got, err)
      if err then
        self.learning = false
        if err.type ~= "forbidden" then
          self:fail("group.members is refused: %s", err.message)
        end
        return self.device:pull() -- put out meanwhile
      end
      for _, m in ipairs(got.members) do
        all[m.userId] = { role = m.role, joinedAt = m.joinedAt }
      end
      if got.more then
        return page(got.cursor)
      end
      self.learning, self.members = false, all
    end)
  end
  page(nil)
end

function chat:learn_hidden()
  local has = 0
  for _ in pairs(self.hidden) do
    has = has + 1
  end
  if has >= self.hides or not self.device.is_open then
    return
  end
  self.device:ask("chat.hidden", { chatId = self.id }, function(got, err)
    if err then
      self:fail("chat.hidden is refused: %s", err.message)
    end
    for _, seq in ipairs(got.targets) do
      self.hidden[seq] = true
    end
  end)
end

-- What chat.updated says, or an answer to the call that would have caused it.
function chat:update(p)
  self.muted = p.muted or self.muted
  self.pins = p.pins or self.pins
  for _, seq in ipairs(p.hidden or {}) do
    self.hidden[seq] = true
  end
  if p.draft == null then
    self.draft = nil
  elseif p.draft then
    self.draft = { text = p.draft.text, replyTo = p.draft.replyTo }
  end
end

function chat:receipt(p)
  if p.userId == self.device.id then
    self:mark("myRead", p.read)
    self:mark("myDelivered", p.delivered)
  elseif self.state.kind == "direct" then
    self:mark("peerRead", p.read)
    self:mark("peerDelivered", p.delivered)
  end
end

-- The connection is gone and with it the answers that were asked for.
function chat:disconnected()
  self.filling, self.learning = false, false
end

-- ---- what it shows ----

local function is_new(self, e)
  return e.seq > (self.marks.myRead or 0) and e.senderId ~= self.device.id
end

local function last_and_unread(self, entries)
  local last, unread = nil, 0
  for seq = self.low or 1, self.high do
    local e = entries[seq]
    if fold.comes(e, self.device.id) then
      unread = 0 -- counting starts where one joined
    elseif e.kind == "message" and not e.deleted and not e.hidden then
      last = e
      unread = unread + (is_new(self, e) and 1 or 0)
    end
  end
  return last, unread
end

-- The list of members; who is out knows how many there were when they went.
local function members_of(self, state)
  if state.kind == "direct" or not self.members then
    return nil
  end
  local members = fold.members(self.members, self.log, self.low or 1, self.high)
  if not self.state.left then
    state.memberCount = 0
    for _ in pairs(members) do
      state.memberCount = state.memberCount + 1
    end
  end
  return not state.left and members or nil
end

local function pins_of(self, left)
  local pins = { table.unpack(left and {} or self.pins) }
  table.sort(pins)
  return pins
end

-- All that a user would see of the chat: {state, entries, members}.
function chat:show()
  local entries = fold.entries(self.log, self.low or 1, self.high, self.hidden)
  local state = fold.state(self.state, self.log, self.high, self.device.id)
  local members = members_of(self, state)
  state.last, state.unread = last_and_unread(self, entries)
  state.muted, state.pins = self.muted, pins_of(self, state.left)
  for name, value in pairs(self.marks) do
    state[name] = value
  end
  state.draft = not state.left and self.draft or nil
  return { state = state, entries = entries, members = members }
end

return chat
