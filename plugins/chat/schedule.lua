-- chat.schedule: a message that is sent later, by the server. It waits in the
-- database under its identity; one worker looks once a second for what is due.
-- The transaction that writes the message takes it out of the queue, so a crash
-- at any point sends it once, and who unschedules in time has it unsent.
local rules = require "rules"
local send = require "send"
local store = require "store"

local schedule = {}

local EVERY_S = 1
local BATCH = 40 -- messages a tick; the rest waits for the next
local RETRY_MS = 5000 -- when the world failed, not the message

local SAME = [[
  SELECT id, chat_id, fingerprint, send_at FROM chat_scheduled
  WHERE user_id = :user AND device_id = :device AND client_msg_id = :client]]

local COUNT = "SELECT count(*) AS n FROM chat_scheduled WHERE user_id = :user"

local INSERT = [[
  INSERT INTO chat_scheduled (user_id, device_id, client_msg_id, fingerprint, chat_id, message,
    send_at, next_at)
  SELECT :user, :device, :client, :print, :chat, :message, :at, :at
  WHERE (SELECT count(*) FROM chat_scheduled WHERE user_id = :user) < :max]]

local LIST = [[
  SELECT id, chat_id, device_id, client_msg_id, message, send_at, failed FROM chat_scheduled
  WHERE user_id = :user AND id > :after ORDER BY id LIMIT :count]]

local REMOVE = [[
  DELETE FROM chat_scheduled
  WHERE user_id = :user AND device_id = :device AND client_msg_id = :client
  RETURNING chat_id, send_at]]

local DUE = [[
  SELECT q.id, q.user_id, q.device_id, q.client_msg_id, q.chat_id, q.message, q.send_at
  FROM chat_scheduled q JOIN users_users u ON u.user_id = q.user_id AND u.erased_at IS NULL
  WHERE q.next_at IS NOT NULL AND q.next_at <= mesh_now() ORDER BY q.next_at LIMIT :count]]

local TAKE = "DELETE FROM chat_scheduled WHERE id = :id"
local AGAIN = "UPDATE chat_scheduled SET next_at = mesh_now() + :ms WHERE id = :id"
local FAIL = "UPDATE chat_scheduled SET next_at = NULL, failed = :type WHERE id = :id"

local point

-- What may pass by itself; anything else says that this message can't be sent.
local PASSES = { unavailable = true, timeout = true, rate_limited = true, plugin_error = true }

-- Tells the own sessions what became of a scheduled message. That it was sent
-- they see by the message itself.
local function tell(mesh, user, event, except)
  mesh.session.deliver(user, "chat.scheduling", event, { except = except })
end

-- ---- schedule ----

-- May the caller write there, as far as can be said today?
local function may_schedule(mesh, p, chat, user)
  local place, err = store.place(mesh, chat, user)
  if err then
    return nil, err
  end
  if not place and p.receiverId then
    local _, no = store.other_user(mesh, chat, user, p.receiverId)
    return no == nil, no
  end
  local ok, no = rules.may_schedule(place)
  if not ok then
    return nil, store.error(mesh, no)
  end
  return true
end

-- The answer to a call whose identity is known: waiting, or sent already.
local function answer_again(mesh, p, prints, waiting, sent)
  if waiting then
    local same, no = rules.same_or_conflict(waiting, prints.schedule)
    return same and { chatId = same.chat_id, sendAt = same.send_at, duplicate = true },
      no and store.error(mesh, no)
  end
  local same, no = rules.same_or_conflict(sent, prints.send)
  return same and { chatId = sent.chat_id, sendAt = p.sendAt, seq = sent.seq, duplicate = true },
    no and store.error(mesh, no)
end

-- The answer if the identity is known; else nil when it may be scheduled, or nil, err.
local function settled_by(mesh, p, m, prints, caller)
  local who = send.identity_of_call(p, caller)
  local rows, err = mesh.db.read {
    { SAME, who },
    { store.IDENTITY, who },
    { COUNT, { user = caller.userId } },
  }
  if not rows then
    return nil, err
  end
  if rows[1][1] or rows[2][1] then
    return answer_again(mesh, p, prints, rows[1][1], rows[2][1])
  end
  local ok, no = rules.schedule_fits(p.sendAt, mesh.now(), rows[3][1].n)
  if not ok then
    return nil, store.error(mesh, no)
  end
  ok, no = may_schedule(mesh, p, m.chat, caller.userId)
  return nil, not ok and no or nil
end

local function write(mesh, p, m, prints, caller)
  local stored = {
    chatId = p.chatId,
    receiverId = p.receiverId,
    type = p.type,
    content = p.content,
    replyTo = p.replyTo,
    mentions = p.mentions,
    expiresIn = p.expiresIn,
  }
  local done, err = mesh.db.write {
    { store.IDENTITY, send.identity_of_call(p, caller), expect = "none" },
    {
      INSERT,
      {
        user = m.user,
        device = m.device,
        client = m.client,
        print = mesh.db.blob(prints.schedule),
        chat = m.chat,
        message = mesh.json.encode(stored),
        at = p.sendAt,
        max = rules.SCHEDULED_MAX,
      },
      expect = "one",
    },
  }
  if not done then
    return nil, not store.is_stale(err) and err or nil
  end
  tell(mesh, caller.userId, {
    chatId = m.chat,
    clientMsgId = m.client,
    deviceId = m.device,
    sendAt = p.sendAt,
    state = "scheduled",
  }, caller.connection)
  return { chatId = m.chat, sendAt = p.sendAt, duplicate = false }
end

local function on_schedule(mesh, p, caller)
  local chat, wrong = send.chat_of(mesh, p, caller)
  if not chat then
    return nil, wrong
  end
  local m = send.message_of(mesh, p, caller, chat)
  local ok, no = rules.content_fits(m.type, m.content, #m.stored, mesh.limits.textBytes)
  if not ok then
    return nil, store.error(mesh, no)
  end
  local prints = {
    send = m.print_bytes,
    schedule = store.print(mesh, "schedule", m.print_bytes, p.sendAt),
  }
  return store.settle(mesh, function()
    local result, err = settled_by(mesh, p, m, prints, caller)
    if result or err then
      return result, err
    end
    return write(mesh, p, m, prints, caller)
  end)
end

-- ---- list, unschedule ----

local function waiting_of(mesh, row)
  local item = mesh.json.decode(row.message)
  item.id = row.id
  item.chatId = row.chat_id
  item.clientMsgId = row.client_msg_id
  item.deviceId = row.device_id
  item.sendAt = row.send_at
  item.failed = row.failed
  return item
end

local function on_list(mesh, p, caller)
  local rows, err = mesh.db.query(LIST, {
    user = caller.userId,
    after = p.after or 0,
    count = rules.SCHEDULED_MAX,
  })
  if not rows then
    return nil, err
  end
  local list, bytes = {}, 0
  for i, row in ipairs(rows) do
    bytes = bytes + 400 + #row.message
    if bytes > rules.PAGE_BYTES_MAX and i > 1 then
      break
    end
    list[i] = waiting_of(mesh, row)
  end
  return { scheduled = mesh.json.array(list), more = #list < #rows }
end

local function on_unschedule(mesh, p, caller)
  local device = p.deviceId or caller.deviceId or ""
  local done, err = mesh.db.write {
    {
      REMOVE,
      { user = caller.userId, device = device, client = p.clientMsgId },
      expect = "one",
    },
  }
  if not done then
    return nil, err.type == "guard" and store.error(mesh, rules.NOT_SCHEDULED) or err
  end
  tell(mesh, caller.userId, {
    chatId = done[1][1].chat_id,
    clientMsgId = p.clientMsgId,
    deviceId = device,
    sendAt = done[1][1].send_at,
    state = "unscheduled",
  }, caller.connection)
  return {}
end

-- ---- the job ----

local function note_failure(mesh, row, err)
  if PASSES[err.type] then
    local wait = err.data and err.data.retryAfterMs or RETRY_MS
    return mesh.db.write { { AGAIN, { id = row.id, ms = wait } } }
  end
  local done, why = mesh.db.write { { FAIL, { id = row.id, type = err.type }, expect = "one" } }
  if done then
    tell(mesh, row.user_id, {
      chatId = row.chat_id,
      clientMsgId = row.client_msg_id,
      deviceId = row.device_id,
      sendAt = row.send_at,
      state = "failed",
      reason = err.type,
    })
  end
  return done, why
end

-- An entry that answers for this message says that it needs no sending: by the
-- same call made directly meanwhile.
local function send_one(mesh, row)
  local p = mesh.json.decode(row.message)
  p.clientMsgId = row.client_msg_id
  local caller = { userId = row.user_id, deviceId = row.device_id }
  if point.active then
    local event, veto = point:run { userId = row.user_id, chatId = row.chat_id }
    if not event then
      return note_failure(mesh, row, veto)
    end
  end
  local m = send.message_of(mesh, p, caller, row.chat_id)
  m.also = { TAKE, { id = row.id }, expect = "some" }
  local sent, err = send.message(mesh, m, caller)
  if sent and sent.duplicate then
    return mesh.db.write { { TAKE, { id = row.id } } }
  elseif sent or err == send.GONE then
    return true
  end
  return note_failure(mesh, row, err)
end

local function on_tick(mesh)
  local due, err = mesh.db.query(DUE, { count = BATCH })
  if not due then
    mesh.log.warn("scheduled messages not readable", { error = err.type })
    return
  end
  for _, row in ipairs(due) do
    local ok, why = send_one(mesh, row)
    if not ok then
      mesh.log.warn("a scheduled message waits", { error = why.type })
      return
    end
  end
end

function schedule.register(mesh, shapes)
  local s = mesh.schema
  point = mesh.point("chat.scheduled", {
    summary = "A scheduled message is due: its sender is not here to be refused otherwise.",
    fields = s.object { userId = s.id(), chatId = s.id() },
  })
  mesh.method("chat.schedule", {
    summary = "Sends a message at a later time.",
    params = shapes.schedule,
    result = shapes.scheduled,
  }, on_schedule)
  mesh.method("chat.scheduled", {
    summary = "The caller's messages that wait for their time, or could not be sent.",
    params = shapes.list_scheduled,
    result = shapes.scheduled_list,
  }, on_list)
  mesh.method("chat.unschedule", {
    summary = "Takes a scheduled message back.",
    params = shapes.unschedule,
  }, on_unschedule)
  mesh.event("chat.scheduling", {
    summary = "A message of mine was scheduled or unscheduled, or could not be sent.",
    params = shapes.scheduling,
  })
  mesh.timer.on("schedule", on_tick)
  mesh.timer.every("schedule", EVERY_S, { where = "one" })
end

return schedule
