-- Turns rows of the log into what clients see, in history and as events.
local rules = require "rules"

local entry = {}

local COLUMNS = [[
  e.chat_id, e.seq, e.kind, e.message_id, e.sender_id, e.device_id, e.client_msg_id, e.sent_at,
  e.type, %s AS content, e.target, e.emoji, e.on_flag, e.change, e.reply_to, e.mentions,
  e.expires_at, %s AS edited_at, e.deleted, e.forwarded]]

-- What entry.from_row reads, for every SELECT of entries.
entry.COLUMNS = COLUMNS:format("e.content", "e.edited_at")

-- A column of a message as its last edit within what a former member may read
-- left it: the edit's, or the message's own from before.
local AS_OF = [[
  CASE WHEN %s IS NULL OR e.edited_at IS NULL THEN %s ELSE coalesce((SELECT x.%s
    FROM chat_entries x WHERE x.chat_id = e.chat_id AND x.target = e.seq AND x.kind = 'edit'
      AND x.seq <= %s ORDER BY x.seq DESC LIMIT 1), %s) END]]

-- The same for who may have left at a seq (an SQL expression, NULL for who has
-- not): later edits are not theirs to see.
function entry.columns_as_of(left)
  return COLUMNS:format(
    AS_OF:format(left, "e.content", "content", left, "e.original"),
    AS_OF:format(left, "e.edited_at", "sent_at", left, "NULL"))
end

-- For who hides something: whether the entry or its target is hidden by :user.
entry.HIDDEN = [[,
  EXISTS (SELECT 1 FROM chat_hidden h WHERE h.user_id = :user AND h.chat_id = e.chat_id
    AND h.seq = CASE e.kind WHEN 'edit' THEN e.target ELSE e.seq END) AS hidden]]

local function head(mesh, chat, seq, kind, message_id, sender, device, client_msg_id, sent_at)
  return {
    chatId = chat,
    seq = seq,
    kind = kind,
    messageId = message_id,
    senderId = sender or mesh.null,
    deviceId = device or mesh.null,
    clientMsgId = client_msg_id or mesh.null,
    sentAt = sent_at,
  }
end
entry.head = head

local function fill_message(mesh, out, row)
  out.type = row.type
  out.replyTo = row.reply_to
  if row.deleted == 1 or row.hidden == 1 then
    out.deleted = row.deleted == 1 or nil
    out.hidden = row.hidden == 1 or nil
    return
  end
  out.content = mesh.json.decode(row.content)
  out.forwardedFrom = row.forwarded and mesh.json.decode(row.forwarded)
  out.mentions = row.mentions and mesh.json.decode(row.mentions)
  out.expiresAt = row.expires_at
  out.editedAt = row.edited_at
end

-- An edit whose target was deleted or hidden stays in the log without its content.
local function fill_edit(mesh, out, row)
  out.target = row.target
  if row.hidden == 1 then
    out.hidden = true
  elseif row.content then
    out.content = mesh.json.decode(row.content)
  else
    out.deleted = true
  end
end

local fill = {
  message = fill_message,
  edit = fill_edit,
  delete = function(_, out, row)
    out.target = row.target
  end,
  reaction = function(_, out, row)
    out.target = row.target
    out.emoji = row.emoji
    out.on = row.on_flag == 1
  end,
  member = function(mesh, out, row)
    out.change = mesh.json.decode(row.change)
  end,
}

function entry.from_row(mesh, row)
  local out = head(mesh, row.chat_id, row.seq, row.kind, row.message_id, row.sender_id,
    row.device_id, row.client_msg_id, row.sent_at)
  fill[row.kind](mesh, out, row)
  return out
end

-- Bytes that an entry takes in an answer, nearly enough for a page's limit.
function entry.size(row)
  return 400 + #(row.content or "") + #(row.mentions or "") + #(row.change or "")
end

-- Reactions of a range of targets up to a seq, one row a target and emoji.
entry.REACTIONS = [[
  SELECT target, emoji, count(*) AS n, min(seq) AS first_seq,
    group_concat(seq || ' ' || user_id) AS users
  FROM chat_reactions WHERE chat_id = :chat AND target BETWEEN :from AND :to
    AND seq <= :high
  GROUP BY target, emoji ORDER BY target, first_seq LIMIT 10000]]

local function reaction_of(mesh, row)
  if row.n > rules.USER_IDS_LISTED_MAX then
    return { emoji = row.emoji, count = row.n }
  end
  local users = {}
  for seq, id in row.users:gmatch("(%d+) ([^,]+)") do
    users[#users + 1] = { seq = math.tointeger(seq), id = id }
  end
  table.sort(users, function(a, b)
    return a.seq < b.seq
  end)
  local user_ids = {}
  for i, user in ipairs(users) do
    user_ids[i] = user.id
  end
  return { emoji = row.emoji, userIds = mesh.json.array(user_ids) }
end

-- Puts rows of entry.REACTIONS into the messages of one chat.
function entry.add_reactions(mesh, entries, rows)
  local by_seq = {}
  for _, e in ipairs(entries) do
    by_seq[e.seq] = e
  end
  for _, row in ipairs(rows) do
    local e = by_seq[row.target]
    if e and e.kind == "message" and not e.deleted and not e.hidden then
      e.reactions = e.reactions or {}
      e.reactions[#e.reactions + 1] = reaction_of(mesh, row)
    end
  end
end

return entry
