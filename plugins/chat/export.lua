-- A user's copy of what they have here: the chat section of user.export, and
-- page after page of the messages for who makes an archive of it.
local rules = require "rules"

local export = {}

local CHATS_MAX = 2000
local MESSAGES_MAX = 200 -- a page
local SECTION_BYTES_MAX = rules.PAGE_BYTES_MAX // 2

-- In the order of the identities' index.
local MESSAGES = [[
  SELECT chat_id, seq, message_id, device_id, client_msg_id, sent_at, type, content, reply_to,
    mentions, expires_at, edited_at, forwarded
  FROM chat_entries
  WHERE sender_id = :user AND client_msg_id IS NOT NULL
    AND (device_id, client_msg_id) > (:device, :client) AND kind = 'message' AND deleted = 0
  ORDER BY device_id, client_msg_id LIMIT :count]]

local CHATS = [[
  SELECT m.chat_id AS chatId, c.kind, coalesce(m.left_title, c.title) AS title, m.peer AS userId,
    m.role, m.joined_at AS joinedAt, m.left_at AS leftAt, m.read AS myRead,
    m.delivered AS myDelivered, m.muted_until AS muted
  FROM chat_members m JOIN chat_chats c ON c.chat_id = m.chat_id
  WHERE m.user_id = :user ORDER BY m.joined_at DESC LIMIT :count]]

local DRAFTS = [[
  SELECT chat_id AS chatId, text, reply_to AS replyTo, at FROM chat_drafts
  WHERE user_id = :user ORDER BY at DESC LIMIT :count]]

local SCHEDULED = [[
  SELECT chat_id AS chatId, message, send_at AS sendAt FROM chat_scheduled
  WHERE user_id = :user ORDER BY id LIMIT :count]]

local function message_of(mesh, row)
  return {
    chatId = row.chat_id,
    seq = row.seq,
    messageId = row.message_id,
    sentAt = row.sent_at,
    type = row.type,
    content = mesh.json.decode(row.content),
    replyTo = row.reply_to,
    mentions = row.mentions and mesh.json.decode(row.mentions),
    expiresAt = row.expires_at,
    editedAt = row.edited_at,
    forwardedFrom = row.forwarded and mesh.json.decode(row.forwarded),
  }
end

-- after is {device, client} of the page before, or nothing.
local function read_messages(after, user)
  return {
    MESSAGES,
    {
      user = user,
      device = after and after.device or "",
      client = after and after.client or "",
      count = MESSAGES_MAX + 1,
    },
  }
end

-- What of the rows fits a page, and where the next one starts (nil: that is all).
local function page_of(mesh, rows)
  local messages, bytes = {}, 0
  for i = 1, math.min(#rows, MESSAGES_MAX) do
    bytes = bytes + 400 + #rows[i].content
    if bytes > SECTION_BYTES_MAX and i > 1 then
      break
    end
    messages[i] = message_of(mesh, rows[i])
  end
  local last = rows[#messages]
  local after = #messages < #rows and { device = last.device_id, client = last.client_msg_id }
  return { messages = mesh.json.array(messages), after = after or nil }
end

local function on_written(mesh, p)
  local sql, args = table.unpack(read_messages(p.after, p.userId))
  local rows, err = mesh.db.query(sql, args)
  if not rows then
    return nil, err
  end
  return page_of(mesh, rows)
end

-- Drafts and waiting messages as far as they fit: they are texts of any length.
local function fitting(mesh, rows)
  local list, bytes = {}, 0
  for i, row in ipairs(rows) do
    bytes = bytes + 100 + #(row.text or row.message)
    if bytes > SECTION_BYTES_MAX // 4 then
      break
    end
    if row.message then
      row.message = mesh.json.decode(row.message)
    end
    list[i] = row
  end
  return mesh.json.array(list)
end

local function on_export(mesh, event)
  local user = event.userId
  local got, err = mesh.db.read {
    { CHATS, { user = user, count = CHATS_MAX } },
    read_messages(nil, user),
    { DRAFTS, { user = user, count = MESSAGES_MAX } },
    { SCHEDULED, { user = user, count = rules.SCHEDULED_MAX } },
  }
  if not got then
    error("the chat section is not readable: " .. err.type)
  end
  local page = page_of(mesh, got[2])
  event.sections.chat = {
    chats = mesh.json.array(got[1]),
    messages = page.messages,
    moreMessages = page.after ~= nil,
    drafts = fitting(mesh, got[3]),
    scheduled = fitting(mesh, got[4]),
  }
  return event
end

function export.register(mesh)
  local s = mesh.schema
  mesh.export("written", {
    summary = "A page of the messages that a user wrote, for an archive of theirs.",
    params = s.object {
      userId = s.id(),
      ["after?"] = s.object { device = s.string(), client = s.string() },
    },
  }, on_written)
  -- Closed: a copy that silently lacks the messages would be worse than none.
  mesh.hook("user.export", { stage = "transform", fail = "closed" }, on_export)
end

return export
