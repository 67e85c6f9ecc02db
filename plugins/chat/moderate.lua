-- What a moderation plugin needs of chats: a message as somebody sees it, and its end.
local expire = require "expire"
local rules = require "rules"
local store = require "store"

local moderate = {}

local SEEN = [[
  SELECT e.sender_id, e.type, e.content FROM chat_entries e
    JOIN chat_members m ON m.chat_id = e.chat_id AND m.user_id = :user
  WHERE e.chat_id = :chat AND e.seq = :seq AND e.kind = 'message' AND e.deleted = 0
    AND e.seq >= m.first_seq AND (m.left_seq IS NULL OR e.seq <= m.left_seq)]]

local function on_message(mesh, p)
  local row, err = mesh.db.first(SEEN, { chat = p.chatId, user = p.userId, seq = p.seq })
  if not row then
    return nil, err or store.error(mesh, rules.NO_MESSAGE)
  end
  return {
    senderId = row.sender_id,
    type = row.type,
    content = mesh.json.decode(row.content),
  }
end

local THERE = [[
  SELECT chat_id, seq FROM chat_entries
  WHERE chat_id = :chat AND seq = :seq AND kind = 'message' AND deleted = 0]]

local function on_tombstone(mesh, p)
  local row, err = mesh.db.first(THERE, { chat = p.chatId, seq = p.seq })
  if not row then
    return nil, err or store.error(mesh, rules.NO_MESSAGE)
  end
  local ok, why = expire.tombstones(mesh, { row })
  return ok and {} or nil, why
end

function moderate.register(mesh)
  local s = mesh.schema
  local id, seq = s.id(), s.integer { minimum = 1 }
  mesh.export("message", {
    summary = "A message that a user may read; not_found for all others.",
    params = s.object { chatId = id, userId = id, seq = seq },
  }, on_message)
  mesh.export("tombstone", {
    summary = "Deletes a message for all by a delete entry of nobody; decides nothing.",
    params = s.object { chatId = id, seq = seq },
  }, on_tombstone)
end

return moderate
