-- How long messages are kept: by the server (config retentionDays) and by each
-- chat, whichever is shorter. Older ones become tombstones by delete entries
-- that nobody sent, as expired ones do. One worker walks through the chats in
-- bounded steps; a chat is looked at by its oldest message, so the walk is
-- cheap where nothing is due.
local audience = require "audience"
local expire = require "expire"
local rules = require "rules"
local store = require "store"

local retain = {}

local EVERY_S = 60
local CHATS_A_STEP = 200
local STEPS_MAX = 50 -- of the walk in one tick; the next goes on from there
local ROUNDS_MAX = 100 -- batches of tombstones in one tick

-- Chats that keep a shorter time only, or all when the server has one too.
local WALK = [[
  SELECT chat_id, retention_days, (SELECT e.sent_at FROM chat_entries e
      WHERE e.chat_id = c.chat_id AND e.kind = 'message' AND e.deleted = 0
      ORDER BY e.seq LIMIT 1) AS oldest, mesh_now() AS now
  FROM chat_chats c WHERE chat_id > :after %s ORDER BY chat_id LIMIT :count]]
local WALK_ALL = WALK:format("")
local WALK_SOME = WALK:format("AND retention_days > 0")

-- The oldest ones that are there, and of these who is over their time.
local OVER = [[
  SELECT chat_id, seq FROM (
    SELECT chat_id, seq, sent_at FROM chat_entries
    WHERE chat_id = :chat AND kind = 'message' AND deleted = 0 ORDER BY seq LIMIT :count)
  WHERE sent_at <= :before]]

local SET = [[
  UPDATE chat_chats SET retention_days = :days, rev = mesh_rev() WHERE chat_id = :chat
  RETURNING last_seq, members_version]]

local position = "" -- how far the walk is

-- Clears a chat; gives how many batches are left, or nil when it waits.
local function clear(mesh, chat, before, rounds)
  local count = mesh.config.expiryBatch
  while rounds > 0 do
    local rows, err = mesh.db.query(OVER, { chat = chat, before = before, count = count })
    local ok = rows and (#rows == 0 or expire.tombstones(mesh, rows))
    if not ok then
      mesh.log.warn("old messages not deleted, trying again", { error = err and err.type })
      return nil
    end
    rounds = rounds - 1
    if #rows < count then
      return rounds
    end
  end
  return rounds
end

-- Clears what is due of a page of chats; the batches left, or nil when it waits.
local function clear_page(mesh, rows, rounds)
  for _, row in ipairs(rows) do
    local before = rules.retained_from(row.retention_days, mesh.config.retentionDays, row.now)
    if row.oldest and row.oldest <= before then
      rounds = clear(mesh, row.chat_id, before, rounds)
      if not rounds or rounds == 0 then
        return nil
      end
    end
    position = row.chat_id
  end
  return rounds
end

local function on_tick(mesh)
  local sql = mesh.config.retentionDays > 0 and WALK_ALL or WALK_SOME
  local rounds = ROUNDS_MAX
  for _ = 1, STEPS_MAX do
    local rows, err = mesh.db.query(sql, { after = position, count = CHATS_A_STEP })
    if not rows then
      mesh.log.warn("chats not readable for retention", { error = err.type })
      return
    end
    rounds = clear_page(mesh, rows, rounds)
    if not rounds then
      return
    end
    if #rows < CHATS_A_STEP then
      position = ""
      return
    end
  end
end

local function on_set(mesh, p)
  local done, err = mesh.db.write {
    { SET, { chat = p.chatId, days = p.days }, expect = "one" },
  }
  if not done then
    return nil, err.type == "guard" and store.error(mesh, rules.NO_CHAT) or err
  end
  local row = done[1][1]
  local to = audience.of(mesh, p.chatId, row.members_version, row.last_seq)
  if to then
    mesh.session.deliver(to, "chat.updated", { chatId = p.chatId, retentionDays = p.days })
  end
  return {}
end

function retain.register(mesh)
  local s = mesh.schema
  mesh.export("set_retention", {
    summary = "Sets for how many days a chat keeps messages; decides nothing about who may.",
    params = s.object {
      chatId = s.id(),
      days = s.integer { minimum = 0, maximum = rules.RETENTION_DAYS_MAX },
    },
  }, on_set)
  mesh.timer.on("retain", on_tick)
  mesh.timer.every("retain", EVERY_S, { where = "one" })
end

return retain
