-- Who gets a chat's events. The member list of a busy chat is kept, and used
-- only while its version is the one that the write itself reported: so nobody
-- who was removed hears more, and nobody who was added misses anything.
local audience = {}

local KEPT_MAX = 1000 -- chats a generation; two generations are kept

local young, old, young_count = {}, {}, 0

local VERSION = "SELECT members_version, slow_mode_s FROM chat_chats WHERE chat_id = :chat"

-- Members at a seq: a list read late must not reach who joined after it.
local MEMBERS = [[
  SELECT user_id FROM chat_members
  WHERE chat_id = :chat AND joined_seq <= :seq AND (left_seq IS NULL OR left_seq >= :seq)]]

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
    to = mesh.session.audience(ids),
    slow = state ~= nil and state.slow_mode_s > 0,
  }
  if state and state.members_version == version then
    keep(chat, got)
  end
  return got
end

-- The members of a chat as of a seq, whose write reported this version. Waits
-- when the list is not kept.
function audience.of(mesh, chat, version, seq)
  local kept = audience.kept(chat)
  if kept and kept.version == version then
    return kept.to
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
  return got.to
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

-- Sends an entry that was just written to every member but one connection.
function audience.announce(mesh, event, e, version, except)
  local to = audience.of(mesh, e.chatId, version, e.seq)
  if to then
    mesh.session.deliver(to, event, e, { except = except })
  end
  tell_plugins(mesh, e)
end

return audience
