-- Messages that expire become tombstones by ordinary delete entries that
-- nobody sent. One worker looks once a second, in bounded batches.
local audience = require "audience"
local edit = require "edit"
local entry = require "entry"

local expire = {}

local EVERY_S = 1
local ROUNDS_MAX = 25 -- batches a tick; the rest waits for the next

local DUE = [[
  SELECT chat_id, seq FROM chat_entries
  WHERE expires_at IS NOT NULL AND deleted = 0 AND expires_at <= mesh_now()
  ORDER BY expires_at LIMIT :count]]

-- Conditions rather than guards: a message that was deleted meanwhile is left
-- alone without undoing the others.
local IS_THERE = [[EXISTS (SELECT 1 FROM chat_entries t
    WHERE t.chat_id = :chat AND t.seq = :target AND t.deleted = 0)]]

local ALLOC = [[
  UPDATE chat_chats SET last_seq = last_seq + 1, updated_at = max(updated_at, mesh_now()),
    rev = mesh_rev()
  WHERE chat_id = :chat AND ]] .. IS_THERE .. [[
  RETURNING last_seq, updated_at, members_version]]

local INSERT = [[
  INSERT INTO chat_entries (chat_id, seq, kind, message_id, sent_at, target)
  SELECT chat_id, last_seq, 'delete', :message, updated_at, :target FROM chat_chats
  WHERE chat_id = :chat AND ]] .. IS_THERE

local EXPIRE_STATEMENTS = 6 -- a message: alloc, insert and the four of edit.erasure

local function batch_of(mesh, due)
  local batch = {}
  for _, row in ipairs(due) do
    local at = { chat = row.chat_id, target = row.seq }
    row.message_id = mesh.id("m")
    batch[#batch + 1] = { ALLOC, at }
    batch[#batch + 1] = {
      INSERT,
      { chat = row.chat_id, target = row.seq, message = row.message_id },
    }
    for _, statement in ipairs { edit.erasure(row.chat_id, row.seq) } do
      batch[#batch + 1] = statement
    end
  end
  return batch
end

local function tell(mesh, due, done)
  for i, row in ipairs(due) do
    local at = (i - 1) * EXPIRE_STATEMENTS
    local given = done[at + 1][1]
    if given then
      local e = entry.head(mesh, row.chat_id, given.last_seq, "delete", row.message_id, nil, nil,
        nil, given.updated_at)
      e.target = row.seq
      audience.announce(mesh, "chat.deleted", e, given.members_version)
      if done[at + EXPIRE_STATEMENTS].changes > 0 then
        local pins = mesh.db.query(edit.PINS, { chat = row.chat_id })
        edit.tell_pins(mesh, row.chat_id, given.members_version, given.last_seq, pins or {})
      end
    end
  end
end

-- Makes tombstones of messages ({chat_id, seq} each) by delete entries that
-- nobody sent, in one transaction with one statement more, and tells members.
function expire.tombstones(mesh, rows, extra)
  local batch = batch_of(mesh, rows)
  batch[#batch + 1] = extra
  local done, err = mesh.db.write(batch)
  if not done then
    return nil, err
  end
  tell(mesh, rows, done)
  return true
end

local function on_tick(mesh)
  local count = mesh.config.expiryBatch
  for _ = 1, ROUNDS_MAX do
    local due, err = mesh.db.query(DUE, { count = count })
    if not due then
      mesh.log.warn("expired messages not readable", { error = err.type })
      return
    end
    if #due == 0 then
      return
    end
    local ok, why = expire.tombstones(mesh, due)
    if not ok then
      mesh.log.warn("expired messages not deleted, trying again", { error = why.type })
      return
    end
    if #due < count then
      return
    end
  end
end

function expire.register(mesh)
  mesh.timer.on("expire", on_tick)
  mesh.timer.every("expire", EVERY_S, { where = "one" })
end

return expire
