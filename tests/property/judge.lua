-- After a schedule: what every device shows equals a fresh device's pull and
-- full history; logs have no gap; what was acknowledged is there once; what was
-- not is whole or absent, and asking again answers consistently.
local harness = require "harness"

local judge = {}

local null = harness.null
local STATE = {
  "kind", "title", "userId", "lastSeq", "unread", "myRead", "myDelivered", "peerRead",
  "peerDelivered", "role", "muted", "memberCount", "updatedAt", "left", "pins", "last", "draft",
}
local AGAIN_MAX = 6 -- acknowledged calls that are asked again

local function is_same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not is_same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local function text_of(value)
  return value == nil and "nothing" or harness.encode(value)
end

-- A key under which two tables differ.
local function differing_key(a, b)
  for _, side in ipairs { a, b } do
    for key in pairs(side) do
      if not is_same(a[key], b[key]) then
        return key
      end
    end
  end
end

-- Where two values differ, or nil.
local function difference(wanted, got, path)
  if is_same(wanted, got) then
    return nil
  elseif type(wanted) == "table" and type(got) == "table" then
    local key = differing_key(wanted, got)
    return difference(wanted[key], got[key], path .. "/" .. tostring(key))
  end
  return ("%s: fresh %s, device %s"):format(path, text_of(wanted), text_of(got))
end

-- ---- what a device that knows nothing gets ----

local function fresh_entries(world, d, id, backwards)
  local entries, more, params = {}, true, { chatId = id, limit = world.dice:below(40) }
  if not backwards then
    params.after = 0
  end
  while more do
    local page = world:must(d, "chat.history", params)
    for _, e in ipairs(page.entries) do
      if entries[e.seq] then
        world:fail("%s: history gives seq %d twice", id, e.seq)
      end
      entries[e.seq] = e
    end
    local edge = page.entries[backwards and 1 or #page.entries]
    more = page.more
    if edge then
      params[backwards and "before" or "after"] = edge.seq
    end
  end
  return entries
end

local function fresh_members(world, d, state)
  if state.kind == "direct" or state.left then
    return nil
  end
  local all, cursor, more = {}, nil, true
  while more do
    local params = { chatId = state.chatId, cursor = cursor, limit = world.dice:below(5) }
    local page = world:must(d, "group.members", params)
    for _, m in ipairs(page.members) do
      all[m.userId] = { role = m.role, joinedAt = m.joinedAt }
    end
    cursor, more = page.cursor, page.more
  end
  return all
end

local function plain(state)
  state.last = state.last ~= null and state.last or nil
  state.draft = state.draft and { text = state.draft.text, replyTo = state.draft.replyTo }
  return state
end

local function fresh_views(world, d)
  local views, cursor, more = {}, nil, true
  while more do
    local params = { cursor = cursor, limit = world.dice:below(5) }
    local page = world:must(d, "sync.pull", params)
    for _, state in ipairs(page.chats) do
      views[state.chatId] = {
        state = plain(state),
        entries = fresh_entries(world, d, state.chatId, world.dice:one_in(4)),
        members = fresh_members(world, d, state),
      }
    end
    cursor, more = page.cursor, page.more
  end
  return views
end

-- ---- comparing ----

-- No event tells who left of what is taken out of the log after that, so there
-- a device may know more than a fresh one.
local function forgive(fresh, shown)
  for seq, e in pairs(fresh.entries) do
    local mine = shown.entries[seq]
    if mine and e.deleted and not mine.deleted then
      shown.entries[seq] = e
      shown.state.last, shown.state.unread = fresh.state.last, fresh.state.unread
    elseif mine and mine.reactions then
      mine.reactions = e.reactions
    end
  end
  local last = shown.state.last
  if last and fresh.state.last then
    last.reactions = fresh.state.last.reactions
  end
end

local function compare_chat(world, d, id, fresh, c)
  if not c then
    world:fail("%s does not know of %s %s", d.name, fresh.state.kind, id)
  end
  local shown = c:show()
  if fresh.state.left then
    forgive(fresh, shown)
  end
  local where = ("%s, %s %s"):format(d.name, fresh.state.kind, id)
  for _, name in ipairs(STATE) do
    local found = difference(fresh.state[name], shown.state[name], where .. ": " .. name)
    if found and not world:has_raced(d, id, name) then
      world:fail("%s", found)
    end
  end
  for seq in pairs(c.log) do
    if not fresh.entries[seq] then
      world:fail("%s: has entry %d, a fresh device has not", where, seq)
    end
  end
  local found = difference(fresh.entries, shown.entries, where .. ": entries")
    or difference(fresh.members, shown.members, where .. ": members")
  if found then
    world:fail("%s", found)
  end
end

local function check_gapless(world, id, view)
  local first
  for seq in pairs(view.entries) do
    first = math.min(first or seq, seq)
  end
  local at = 0
  for seq = first or 1, view.state.lastSeq do
    local e = view.entries[seq]
    if not e then
      world:fail("%s: there is no entry %d of %d to %d", id, seq, first, view.state.lastSeq)
    end
    if e.sentAt < at then
      world:fail("%s: entry %d was sent before the one before it", id, seq)
    end
    at = e.sentAt
  end
end

local function note_identity(world, all, id, seq, e)
  if e.clientMsgId == null then
    return
  end
  local key = e.deviceId .. " " .. e.clientMsgId
  local found = all.by_identity[key]
  if found and (found.chatId ~= id or found.seq ~= seq) then
    world:fail("%s is there twice: %s %d and %s %d", key, found.chatId, found.seq, id, seq)
  end
  all.by_identity[key] = e
end

-- What all users see together: entries by chat and seq, and entries by identity.
local function gather(world, all, id, view)
  check_gapless(world, id, view)
  local chat = all.chats[id] or { low = math.huge }
  all.chats[id] = chat
  for seq, e in pairs(view.entries) do
    local other = chat[seq] or e
    if other.messageId ~= e.messageId or other.sentAt ~= e.sentAt then
      world:fail("%s: two users see different entries at %d", id, seq)
    end
    note_identity(world, all, id, seq, e)
    chat[seq], chat.low = e, math.min(chat.low, seq)
  end
end

-- Compares every device with a fresh one; gives what is in the logs.
function judge.compare(world)
  local all = { chats = {}, by_identity = {} }
  for _, user in ipairs(world.users) do
    local views = fresh_views(world, user.devices[1])
    for _, d in ipairs(user.devices) do
      for id, view in pairs(views) do
        compare_chat(world, d, id, view, d.chats[id])
      end
      for id in pairs(d.chats) do
        if not views[id] then
          world:fail("%s knows of %s, a fresh device does not", d.name, id)
        end
      end
    end
    for id, view in pairs(views) do
      gather(world, all, id, view)
    end
  end
  return all
end

-- ---- what was acknowledged ----

local function same_params(a, b)
  return is_same(a.params, b.params)
end

-- Entries before all that anybody may read now can't be looked for.
local function is_readable(all, try)
  local id = try.result.chatId or try.params.chatId
  local chat = all.chats[id]
  return chat ~= nil and try.result.seq >= chat.low
end

local WHOLE = {
  message = function(e, p)
    return not p.content
      or (e.type == p.type and e.replyTo == p.replyTo and is_same(p.content, e.content))
  end,
  edit = function(e, p)
    return e.target == p.target and is_same(p.content, e.content)
  end,
  delete = function(e, p)
    return e.target == p.target
  end,
  reaction = function(e, p)
    return e.target == p.target and e.emoji == p.emoji and e.on == p.on
  end,
}

local function is_whole(e, try)
  return e.deleted or e.hidden or e.editedAt or WHOLE[e.kind](e, try.params)
end

-- The try that wrote the entry of an identity, or nil; fails when several did.
local function writer_of(world, tries)
  local writer
  for _, try in ipairs(tries) do
    if try.result and not try.result.duplicate then
      if writer then
        world:fail("%s was written twice: seq %d and %d", tries.key, writer.result.seq,
          try.result.seq)
      end
      writer = try
    end
  end
  return writer
end

local BY_IDENTITY_ONLY = { ["chat.send"] = true, ["chat.forward"] = true, ["chat.edit"] = true }

-- Other calls may be answered with the entry of another call that did the same.
local function check_answers(world, tries, e)
  local is_one_of_them = false
  for _, try in ipairs(tries) do
    if try.result and BY_IDENTITY_ONLY[try.method] and try.result.seq ~= e.seq then
      world:fail("%s was answered %d and is %d", tries.key, try.result.seq, e.seq)
    end
    is_one_of_them = is_one_of_them or is_whole(e, try)
  end
  if not is_one_of_them then
    world:fail("%s is not what was sent: %s", tries.key, harness.encode(e))
  end
end

local function check_identity(world, all, tries)
  local e, writer = all.by_identity[tries.key], writer_of(world, tries)
  if writer and not e and is_readable(all, writer) then
    world:fail("%s was acknowledged with seq %d and is not there", tries.key, writer.result.seq)
  elseif writer and e and e.seq ~= writer.result.seq then
    world:fail("%s was acknowledged with seq %d and is %d", tries.key, writer.result.seq, e.seq)
  elseif e then
    check_answers(world, tries, e)
  end
end

function judge.acknowledged(world, all)
  for key in pairs(all.by_identity) do
    if not world.identities[key] then
      world:fail("%s was never sent", key)
    end
  end
  for _, tries in ipairs(world.identities) do
    check_identity(world, all, tries)
  end
end

-- ---- asking again ----

local function check_refusal(world, tries, is_written, is_mine, err)
  if is_mine or (is_written and err.type ~= "conflict") then
    world:fail("%s was written; asked again: %s", tries.key, err.message)
  elseif err.type == "conflict" and #tries == 2 then
    world:fail("%s conflicts with itself", tries.key)
  end
end

local function ask_again(world, all, tries)
  local e, writer = all.by_identity[tries.key], writer_of(world, tries)
  local first = tries[1]
  local try = world:call(first.device, first.method, first.params)
  world:quiet()
  if try.err then
    local is_mine = writer ~= nil and same_params(writer, first)
    check_refusal(world, tries, e ~= nil, is_mine, try.err)
  elseif e and (try.result.seq ~= e.seq or not try.result.duplicate) then
    world:fail("%s is %d; asked again: %s", tries.key, e.seq, harness.encode(try.result))
  end
end

local function is_answered(tries)
  for _, try in ipairs(tries) do
    if try.result then
      return true
    end
  end
  return false
end

-- Asks again for all that was never answered and for some of what was.
function judge.ask_again(world, all)
  local left = AGAIN_MAX
  for i = 1, #world.identities do
    local tries = world.identities[i]
    if not is_answered(tries) then
      ask_again(world, all, tries)
    elseif left > 0 and world.dice:one_in(4) then
      left = left - 1
      ask_again(world, all, tries)
    end
  end
end

function judge.all(world)
  world:gather()
  local all = judge.compare(world)
  judge.acknowledged(world, all)
  judge.ask_again(world, all)
  all = judge.compare(world)
  judge.acknowledged(world, all)
end

return judge
