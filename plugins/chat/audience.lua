-- Who gets a chat's events. The member list of a busy chat is kept, and used
-- only while its version is the one that the write itself reported: so nobody
-- who was removed hears more, and nobody who was added misses anything.
local passive = require "passive"

local audience = {}

local KEPT_MAX = 1000 -- chats a generation; two generations are kept

local young, old, young_count = {}, {}, 0

local VERSION = "SELECT members_version, slow_mode_s FROM chat_chats WHERE chat_id = :chat"

-- Members after an entry: a list read late must not reach who joined after it,
-- nor who left by it (roster tells them), since a pin comes after it, too.
local MEMBERS = [[
  SELECT user_id FROM chat_members
  WHERE chat_id = :chat AND joined_seq <= :seq AND (left_seq IS NULL OR left_seq > :seq)]]

local function keep(chat, kept)
  if young[chat] == nil then
    if young_count >= KEPT_MAX then
      old, young, young_count = young, {}, 0
    end
    young_count = young_count + 1
  end
  young[chat] = kept
end

-- What is kept of a chat, maybe outdated: {version, to, slow}, or nil.
function audience.kept(chat)
  local kept = young[chat]
  if not kept then
    kept = old[chat]
    if kept then
      old[chat] = nil
      keep(chat, kept)
    end
  end
  return kept
end

local function read(mesh, chat, version, seq)
  local rows, err = mesh.db.read {
    { VERSION, { chat = chat } },
    { MEMBERS, { chat = chat, seq = seq } },
  }
  if not rows then
    return nil, err
  end
  local ids = {}
  for i, row in ipairs(rows[2]) do
    ids[i] = row.user_id
  end
  local state = rows[1][1]
  local got = {
    version = version,
    ids = passive.is_used and ids or nil,
    to = mesh.session.audience(ids),
    slow = state ~= nil and state.slow_mode_s > 0,
  }
  if state and state.members_version == version then
    keep(chat, got)
  end
  return got
end

-- What audience.of is about, with the list of ids if needed.
local function find(mesh, chat, version, seq, needs_ids)
  local kept = audience.kept(chat)
  if kept and kept.version == version and (kept.ids or not needs_ids) then
    return kept
  end
  local got, err = read(mesh, chat, version, seq)
  if not got then
    got, err = read(mesh, chat, version, seq)
  end
  if not got then
    -- The entry is on the disk; clients find the gap at the next entry or pull.
    mesh.log.error("an event was not delivered", { chat = chat, error = err.type })
    return nil
  end
  return got
end

-- The members of a chat as of a seq, whose write reported this version. Waits
-- when the list is not kept.
function audience.of(mesh, chat, version, seq)
  local got = find(mesh, chat, version, seq)
  return got and got.to
end

local function tell_plugins(mesh, e)
  local sender = e.senderId ~= mesh.null and e.senderId or nil
  mesh.bus.publish("chat.entry", {
    chatId = e.chatId,
    seq = e.seq,
    kind = e.kind,
    senderId = sender,
    type = e.type,
    target = e.target,
  }, { key = e.chatId .. "|" .. (sender or "") })
end
audience.tell_plugins = tell_plugins

-- ---- passive sessions ----

-- Who of the members has passive sessions, and an audience of the others; kept
-- until somebody becomes passive or ends it.
local function split(mesh, got)
  if got.epoch ~= passive.epoch then
    local others, some = {}, {}
    for _, id in ipairs(got.ids) do
      local list = passive.of(id) and some or others
      list[#list + 1] = id
    end
    got.epoch, got.passive = passive.epoch, some
    got.others = #some > 0 and mesh.session.audience(others) or got.to
  end
  return got.others, got.passive
end

-- Sends to a user's sessions one by one; gives whether one of them is passive
-- and has the chat not in focus.
local function send_each(mesh, user, event, e, except)
  local connections, bumps = passive.of(user) or {}, false
  for _, session in ipairs(mesh.session.of(user)) do
    local one = connections[session.connection]
    if one and not one.chats[e.chatId] then
      bumps = bumps or session.connection ~= except
    elseif session.connection ~= except then
      mesh.session.send(session.connection, event, e)
    end
  end
  return bumps
end

local function deliver_split(mesh, got, event, e, except)
  local others, some = split(mesh, got)
  mesh.session.deliver(others, event, e, { except = except })
  local to_bump = {}
  for _, user in ipairs(some) do
    if send_each(mesh, user, event, e, except) then
      to_bump[#to_bump + 1] = user
    end
  end
  if #to_bump > 0 then
    mesh.bus.publish("chat.bumped", { chatId = e.chatId, userIds = to_bump })
  end
end

-- Sends an entry that was just written to every member but one connection.
function audience.announce(mesh, event, e, version, except)
  local got = find(mesh, e.chatId, version, e.seq, passive.is_used)
  if got and got.ids and passive.is_used then
    deliver_split(mesh, got, event, e, except)
  elseif got then
    mesh.session.deliver(got.to, event, e, { except = except })
  end
  tell_plugins(mesh, e)
end

return audience
