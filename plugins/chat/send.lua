-- chat.send: one batch, one fsync, then the event. What can refuse a message
-- is a condition inside the batch; the reason is looked for only afterwards.
local audience = require "audience"
local entry = require "entry"
local rules = require "rules"
local store = require "store"

local send = {}

-- The error of a message whose own condition (m.also, one more statement of the
-- batch) does not hold any more. It never reaches a client.
send.GONE = {}

local point, sent_total, duplicates_total

local REPLY = [[
  SELECT 1 FROM chat_entries t WHERE t.chat_id = :chat AND t.seq = :reply AND t.kind = 'message'
    AND t.seq >= (SELECT m.first_seq FROM chat_members m
      WHERE m.chat_id = :chat AND m.user_id = :user)]]

local INSERT = [[
  INSERT INTO chat_entries (chat_id, seq, kind, message_id, sender_id, device_id, client_msg_id,
    fingerprint, sent_at, type, content, reply_to, mentions, expires_at, forwarded)
  SELECT chat_id, last_seq, 'message', :message, :user, :device, :client, :print, updated_at, :type,
    :content, :reply, :mentions, updated_at + :expires * 1000, :forwarded
  FROM chat_chats WHERE chat_id = :chat]]

local TOUCH = [[
  UPDATE chat_members SET last_sent_at = mesh_now() WHERE chat_id = :chat AND user_id = :user
    AND EXISTS (SELECT 1 FROM chat_chats c WHERE c.chat_id = :chat AND c.slow_mode_s > 0)]]

local function identity_of(m)
  return { user = m.user, device = m.device, client = m.client }
end

-- The statements, where the one that gives the seq stands, and whether the
-- sender's time is noted: only slow chats need it, so it is left out where the
-- chat is known to be none.
local function batch_of(m)
  local batch = { { store.IDENTITY, identity_of(m), expect = "none" } }
  if m.reply then
    batch[2] = { REPLY, { chat = m.chat, user = m.user, reply = m.reply }, expect = "one" }
  end
  local alloc = #batch + 1
  batch[alloc] = { store.ALLOC_SEND, { chat = m.chat, user = m.user }, expect = "one" }
  batch[alloc + 1] = {
    INSERT,
    {
      chat = m.chat,
      message = m.message_id,
      user = m.user,
      device = m.device,
      client = m.client,
      print = m.print,
      type = m.type,
      content = m.stored,
      reply = m.reply,
      mentions = m.stored_mentions,
      expires = m.expires,
      forwarded = m.stored_origin,
    },
  }
  local kept = audience.kept(m.chat)
  local notes_time = not kept or kept.slow
  if notes_time then
    batch[alloc + 2] = { TOUCH, { chat = m.chat, user = m.user } }
  end
  batch[#batch + 1] = m.also
  return batch, alloc, notes_time
end

function send.identity_of_call(p, caller)
  return { user = caller.userId, device = caller.deviceId or "", client = p.clientMsgId }
end

function send.answer(row, duplicate)
  return {
    chatId = row.chat_id,
    seq = row.seq,
    messageId = row.message_id,
    sentAt = row.sent_at,
    duplicate = duplicate,
  }
end

local function answer_again(mesh, m, row)
  local same, no = rules.same_or_conflict(row, m.print_bytes)
  if not same then
    return nil, store.error(mesh, no)
  end
  duplicates_total:add(1)
  return send.answer(row, true)
end

-- Why the batch was refused: an error, or nil, nil when nothing speaks against
-- trying again (the chat was just made, or changed meanwhile).
local function explain(mesh, m)
  local rows, err = mesh.db.read {
    { store.PLACE, { chat = m.chat, user = m.user } },
    { store.TARGET, { chat = m.chat, target = m.reply } },
  }
  if not rows then
    return nil, err
  end
  local place = rows[1][1]
  if not place and m.other then
    local chat, why = store.open_direct(mesh, m.user, m.other)
    return nil, not chat and why or nil
  end
  local ok, no = rules.may_send(place)
  if ok and m.reply then
    ok, no = rules.may_see(place, rows[2][1])
  end
  return nil, not ok and store.error(mesh, no) or nil
end

local function event_of(mesh, m, row)
  local e = entry.head(mesh, m.chat, row.last_seq, "message", m.message_id, m.user, m.device,
    m.client, row.updated_at)
  e.type = m.type
  e.content = m.content
  e.replyTo = m.reply
  e.mentions = m.stored_mentions and m.mentions or nil
  e.forwardedFrom = m.origin
  e.expiresAt = m.expires and row.updated_at + m.expires * 1000 or nil
  return e
end

local function write(mesh, m, caller)
  local batch, alloc, notes_time = batch_of(m)
  local done, err = mesh.db.write(batch)
  if done then
    local row = done[alloc][1]
    if row.slow_mode_s > 0 and not notes_time then
      -- Slow mode began since the chat was last looked at; the message is safe either way.
      mesh.db.write { { TOUCH, { chat = m.chat, user = m.user } } }
    end
    sent_total:add(1)
    local e = event_of(mesh, m, row)
    audience.announce(mesh, "chat.message", e, row.members_version, caller.connection)
    return {
      chatId = m.chat,
      seq = row.last_seq,
      messageId = m.message_id,
      sentAt = row.updated_at,
      duplicate = false,
    }
  end
  if not store.is_stale(err) then
    return nil, err
  end
  if err.type == "guard" and err.at == 1 then
    return answer_again(mesh, m, err.rows[1])
  elseif m.also and err.type == "guard" and err.at == #batch then
    return nil, send.GONE
  end
  return explain(mesh, m)
end

-- Lets other plugins look at the message first. A retry of what is stored
-- already is answered without asking them again.
local function ask_others(mesh, m)
  local row, err = mesh.db.first(store.IDENTITY, identity_of(m))
  if err then
    return nil, err
  end
  if row then
    return answer_again(mesh, m, row)
  end
  local event, why = point:run {
    chatId = m.chat,
    senderId = m.user,
    type = m.type,
    content = m.content,
    replyTo = m.reply,
    mentions = m.mentions,
  }
  if not event then
    return nil, why
  end
  local content, no = rules.content(m.type, event.content)
  if not content then
    return nil, store.error(mesh, no)
  end
  m.content, m.stored = content, mesh.json.canonical(content)
  local ok, too_large = rules.content_fits(m.type, content, #m.stored, mesh.limits.textBytes)
  return nil, not ok and store.error(mesh, too_large) or nil
end

-- The one chat that a call is about; or nil, err.
function send.chat_of(mesh, p, caller)
  if (p.chatId == nil) == (p.receiverId == nil) then
    local path = p.chatId and "/receiverId" or "/chatId"
    return nil, store.error(mesh, rules.invalid(path, "one of chatId and receiverId is needed"))
  end
  return p.chatId or store.direct_id(mesh, caller.userId, p.receiverId)
end

-- What is written to a chat, of chat.send's params.
function send.message_of(mesh, p, caller, chat)
  local stored = mesh.json.canonical(p.content)
  local mentions = p.mentions and mesh.json.canonical(mesh.json.array(p.mentions))
  local print = store.print(mesh, "send", chat, p.type, stored, p.replyTo, mentions, p.expiresIn)
  return {
    chat = chat,
    other = p.receiverId,
    user = caller.userId,
    device = caller.deviceId or "",
    client = p.clientMsgId,
    message_id = mesh.id("m"),
    type = p.type,
    content = p.content,
    stored = stored,
    print_bytes = print,
    print = mesh.db.blob(print),
    reply = p.replyTo,
    mentions = p.mentions,
    stored_mentions = mentions ~= "[]" and mentions or nil,
    expires = p.expiresIn,
  }
end

-- Sends what message_of made, or answers again.
function send.message(mesh, m, caller)
  local ok, no = rules.content_fits(m.type, m.content, #m.stored, mesh.limits.textBytes)
  if not ok then
    return nil, store.error(mesh, no)
  end
  if point.active then
    local result, err = ask_others(mesh, m)
    if result or err then
      return result, err
    end
  end
  return store.settle(mesh, function()
    return write(mesh, m, caller)
  end)
end

-- The call, for WebSocket, /rpc and REST alike.
function send.run(mesh, p, caller)
  local chat, wrong = send.chat_of(mesh, p, caller)
  if not chat then
    return nil, wrong
  end
  return send.message(mesh, send.message_of(mesh, p, caller, chat), caller)
end

function send.register(mesh, shapes)
  local s = mesh.schema
  sent_total = mesh.metrics.counter("messages_total", "Messages written.")
  duplicates_total = mesh.metrics.counter("duplicates_total", "Sends that were there already.")
  point = mesh.point("chat.send", {
    summary = "A message before it is written; transform may change its content.",
    fields = s.object {
      chatId = s.id(),
      senderId = s.id(),
      type = s.string(),
      content = s.open_object {},
      ["replyTo?"] = s.integer { minimum = 1 },
      ["mentions?"] = s.array(s.id()),
    },
  })
  mesh.method("chat.send", {
    summary = "Writes a message to a chat; the answer means that it is on the disk.",
    params = shapes.send,
    result = shapes.sent,
  }, send.run)
  mesh.event("chat.message", { summary = "A message was sent.", params = shapes.entry })
end

return send
