-- chat.focus makes a session passive: it gets full entries of the chats that it
-- has open, and of all others a chat.bump a second at most. Each bump is sent by
-- the worker that has the connection, so it is one however many write at once.
local passive = require "passive"
local rules = require "rules"
local store = require "store"

local focus = {}

local BUMP_AFTER_S = 1
local SWEEP_EVERY_S = 60
local READS_AT_ONCE = 100

local BUMP = [[
  SELECT c.last_seq, (SELECT count(*) FROM (SELECT 1 FROM chat_entries u
    WHERE u.chat_id = c.chat_id AND u.kind = 'message' AND u.deleted = 0
      AND u.seq > max(m.read, m.joined_seq) AND u.sender_id <> m.user_id
      AND ]] .. store.shown("u") .. [[
    LIMIT :max)) AS unread
  FROM chat_members m JOIN chat_chats c ON c.chat_id = m.chat_id
  WHERE m.chat_id = :chat AND m.user_id = :user AND m.left_seq IS NULL]]

local pending = {} -- user .. " " .. chat -> { user, chat }

local function on_focus(mesh, p, caller)
  if not caller.connection then
    return nil, mesh.error("forbidden", "only a WebSocket session gets events")
  end
  local chats = p.chatIds ~= mesh.null and p.chatIds or nil
  passive.set(caller.userId, caller.connection, chats, true)
  mesh.bus.publish("chat.focused", {
    userId = caller.userId,
    connection = caller.connection,
    chatIds = chats,
    worker = mesh.worker,
  })
  return {}
end

local function on_focused(mesh, data)
  if data.worker ~= mesh.worker then
    passive.set(data.userId, data.connection, data.chatIds, false)
  end
end

-- ---- bumps ----

-- Which of the user's connections here do not have the chat in focus.
local function to_bump(user, chat)
  local list = {}
  for connection, one in pairs(passive.of(user) or {}) do
    if one.mine and not one.chats[chat] then
      list[#list + 1] = connection
    end
  end
  return list
end

local function on_bumped(mesh, data)
  for _, user in ipairs(data.userIds) do
    if #to_bump(user, data.chatId) > 0 then
      if next(pending) == nil then
        mesh.timer.after(BUMP_AFTER_S, "bump")
      end
      pending[user .. " " .. data.chatId] = { user = user, chat = data.chatId }
    end
  end
end

local function send_bumps(mesh, bumps)
  local reads = {}
  for i, bump in ipairs(bumps) do
    reads[i] = { BUMP, { user = bump.user, chat = bump.chat, max = rules.UNREAD_MAX } }
  end
  local got, err = mesh.db.read(reads)
  if not got then
    -- The next bump tells; until then the client has what a slow network shows.
    mesh.log.warn("bumps were not sent", { error = err.type })
    return
  end
  for i, bump in ipairs(bumps) do
    local row = got[i][1]
    for _, connection in ipairs(row and to_bump(bump.user, bump.chat) or {}) do
      mesh.session.send(connection, "chat.bump", {
        chatId = bump.chat,
        lastSeq = row.last_seq,
        unread = row.unread,
      })
    end
  end
end

local function on_bump_time(mesh)
  local all = pending
  pending = {}
  local bumps = {}
  for _, bump in pairs(all) do
    bumps[#bumps + 1] = bump
    if #bumps == READS_AT_ONCE then
      send_bumps(mesh, bumps)
      bumps = {}
    end
  end
  if #bumps > 0 then
    send_bumps(mesh, bumps)
  end
end

local function on_sweep(mesh)
  if not passive.is_used then
    return
  end
  passive.sweep(function(user)
    local is_open = {}
    for _, session in ipairs(mesh.session.of(user)) do
      is_open[session.connection] = true
    end
    return is_open
  end)
end

-- ---- wiring ----

function focus.save()
  local bumps = {}
  for _, bump in pairs(pending) do
    bumps[#bumps + 1] = bump
  end
  return { passive = passive.save(), bumps = bumps }
end

function focus.restore(mesh, saved)
  passive.restore(saved.passive)
  for _, bump in ipairs(saved.bumps) do
    pending[bump.user .. " " .. bump.chat] = bump
  end
  if next(pending) ~= nil then
    mesh.timer.after(BUMP_AFTER_S, "bump")
  end
end

function focus.register(mesh, shapes)
  mesh.method("chat.focus", {
    summary = "Makes this session passive: full entries of these chats only; null ends it.",
    params = shapes.focus,
  }, on_focus)
  mesh.event("chat.bump", {
    summary = "Something came in a chat that this passive session has not in focus.",
    params = shapes.bump,
  })
  mesh.bus.on("chat.focused", {}, on_focused)
  mesh.bus.on("chat.bumped", {}, on_bumped)
  mesh.timer.on("bump", on_bump_time)
  mesh.timer.on("sweep", on_sweep)
  mesh.timer.every("sweep", SWEEP_EVERY_S, { where = "all" })
end

return focus
