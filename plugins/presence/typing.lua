-- typing: tells a chat who is writing right now. Nothing here is stored.
local alarm = require "alarm"
local rules = require "rules"

local typing = {}

local writers, writers_count = {}, 0 -- "chat|user" -> {chat, user, state, until_at, told_at, ...}

local function key_of(chat, user)
  return chat .. "|" .. user
end

local function forget(mesh, key)
  if writers[key] then
    writers[key] = nil
    writers_count = writers_count - 1
    mesh.bus.unfollow("chat.entry", key)
  end
end

local function hold(mesh, chat, user)
  local key = key_of(chat, user)
  local writer = writers[key]
  if not writer and writers_count < rules.WRITERS_MAX then
    writer = { chat = chat, user = user, told_at = 0, checked_at = 0, calls = 0 }
    writers[key] = writer
    writers_count = writers_count + 1
    mesh.bus.follow("chat.entry", key)
    -- From the start, so that a call that never comes back leaves nothing.
    writer.until_at = mesh.now() + rules.SILENCE_MS
    alarm.at(mesh, writer.until_at)
  end
  return writer
end

local function tell(mesh, writer, state, ttl_ms)
  if #writer.others == 0 then
    return
  end
  mesh.session.deliver(writer.others, "typing.update", {
    chatId = writer.chat,
    userId = writer.user,
    state = state,
    ttlMs = ttl_ms,
  }, { ephemeral = true })
end

-- Ends it; the others hear so if they had heard of it.
local function finish(mesh, writer)
  if writer.state and writer.others then
    tell(mesh, writer, "idle", 0)
  end
  forget(mesh, key_of(writer.chat, writer.user))
end

-- ---- who may know ----

local BLOCKED = "SELECT blocked_id FROM users_blocks WHERE user_id = :user"

-- All members but the writer and those whom the writer has blocked.
local function others_of(mesh, chat, user)
  local place, err = mesh.call("chat.member", { chatId = chat, userId = user })
  if not place then
    return nil, err
  end
  local ids = place.userIds
  if not ids then
    local all, why = mesh.call("chat.members", { chatId = chat })
    if not all then
      return nil, why
    end
    ids = all.userIds
  end
  local rows, problem = mesh.db.query(BLOCKED, { user = user })
  if not rows then
    return nil, problem
  end
  return rules.others(ids, user, rows)
end

-- Looks the writer's place up, at most every CHECK_MS while they write.
local function check(mesh, writer)
  if writer.others and mesh.now() - writer.checked_at < rules.CHECK_MS then
    return true
  end
  local others, err = others_of(mesh, writer.chat, writer.user)
  if not others then
    return nil, err
  end
  writer.others = others
  writer.checked_at = mesh.now()
  return true
end

-- ---- the call ----

local function on_writing(mesh, writer, state)
  -- Followed before we wait, so that a message sent meanwhile is heard.
  writer.calls = writer.calls + 1
  writer.is_over = false
  local ok, err = check(mesh, writer)
  writer.calls = writer.calls - 1
  if not ok then
    if writer.calls == 0 then
      finish(mesh, writer)
    end
    return nil, err
  end
  if writer.is_over or writers[key_of(writer.chat, writer.user)] ~= writer then
    return {}
  end
  local now = mesh.now()
  writer.until_at = now + rules.SILENCE_MS
  alarm.at(mesh, writer.until_at)
  if rules.is_news(writer, state, now) then
    writer.state, writer.told_at = state, now
    tell(mesh, writer, state, rules.SILENCE_MS)
  end
  return {}
end

local function on_idle(mesh, chat, user)
  local writer = writers[key_of(chat, user)]
  if writer then
    writer.is_over = true
    finish(mesh, writer)
    return {}
  end
  local place, err = mesh.call("chat.member", { chatId = chat, userId = user })
  return place and {} or nil, err
end

local function on_set(mesh, p, caller)
  if p.state == "idle" then
    return on_idle(mesh, p.chatId, caller.userId)
  end
  local writer = hold(mesh, p.chatId, caller.userId)
  if not writer then
    return nil, mesh.error("unavailable", "too many are writing")
  end
  return on_writing(mesh, writer, p.state)
end

local function on_entry(mesh, entry, from)
  local writer = writers[from.key]
  if writer and entry.kind == "message" then
    writer.is_over = true
    finish(mesh, writer)
  end
end

alarm.add {
  due = function()
    local earliest
    for _, writer in pairs(writers) do
      if not earliest or writer.until_at < earliest then
        earliest = writer.until_at
      end
    end
    return earliest
  end,
  run = function(mesh, now)
    local silent = {}
    for _, writer in pairs(writers) do
      if writer.until_at <= now then
        silent[#silent + 1] = writer
      end
    end
    for _, writer in ipairs(silent) do
      finish(mesh, writer)
    end
  end,
}

function typing.register(mesh)
  local s = mesh.schema
  local id = s.id()
  local states = { "typing", "recording", "uploading", "idle" }
  mesh.method("typing.set", {
    summary = "Says that the caller is writing in a chat, or has stopped.",
    params = s.object { chatId = id, state = s.enum(states) },
  }, on_set)
  mesh.event("typing.update", {
    summary = "Somebody is writing in a chat, for at most ttlMs if nothing more is heard.",
    params = s.object {
      chatId = id,
      userId = id,
      state = s.enum(states),
      ttlMs = s.integer { minimum = 0 },
    },
  })
  mesh.bus.on("chat.entry", { keyed = true }, on_entry)
end

-- ---- reload ----

function typing.save()
  local list = {}
  for _, writer in pairs(writers) do
    local fits = writer.state and #writer.others <= rules.SAVED_OTHERS_MAX
    if fits and #list < rules.SAVED_WRITERS_MAX then
      list[#list + 1] = {
        chat = writer.chat,
        user = writer.user,
        state = writer.state,
        until_at = writer.until_at,
        told_at = writer.told_at,
        others = writer.others,
      }
    end
  end
  return list
end

function typing.restore(mesh, saved)
  for _, packed in ipairs(saved) do
    local writer = hold(mesh, packed.chat, packed.user)
    if writer then
      writer.state, writer.others = packed.state, packed.others
      writer.until_at, writer.told_at = packed.until_at, packed.told_at
    end
  end
end

return typing
