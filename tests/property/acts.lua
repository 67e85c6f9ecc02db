-- What may happen in a step. Each gives a method and its params for a device,
-- or nil when the step comes to nothing. Refusals are as good as successes:
-- they must change nothing.
local null = require("meshtest").null

local acts = {}

local EMOJIS = { "x", "y", "z" }
local ROLES = { "owner", "admin", "member" }
local WHO = { "members", "admins" }

-- Mostly a chat the device knows, now and then one that it may never have seen.
local function chat_of(world, d, g)
  if g:one_in(20) then
    return g:pick(world.chats)
  end
  local known = {}
  for _, id in ipairs(world.chats) do
    if d.chats[id] then
      known[#known + 1] = id
    end
  end
  return g:pick(known)
end

local function group_of(world, d, g)
  local known = {}
  for _, id in ipairs(world.chats) do
    if d.chats[id] and world.kinds[id] ~= "direct" then
      known[#known + 1] = id
    end
  end
  return g:pick(known)
end

local function messages_of(c)
  local messages = {}
  for seq = c and c.low or 1, c and c.high or 0 do
    if c.log[seq].kind == "message" then
      messages[#messages + 1] = seq
    end
  end
  return messages
end

-- A seq of the chat, most often of a message.
local function target_of(d, chat, g)
  local c = d.chats[chat]
  local messages = messages_of(c)
  if #messages == 0 or g:one_in(15) then
    return g:below(c and c.high + 1 or 5)
  end
  -- Late ones are met more often, so that devices change the same message.
  return messages[#messages - math.min(g:below(#messages), g:below(#messages)) + 1]
end

local function user_of(world, g)
  return g:pick(world.users).id
end

local function text(id, g)
  return { text = id .. ("."):rep(g:below(4)) }
end

function acts.send(world, d, g, id)
  local p = { clientMsgId = id, type = "text", content = text(id, g) }
  local chat = not g:one_in(4) and chat_of(world, d, g)
  if chat then
    p.chatId = chat
    p.replyTo = g:one_in(5) and target_of(d, chat, g) or nil
  else
    p.receiverId = user_of(world, g)
  end
  p.mentions = g:one_in(6) and { user_of(world, g) } or nil
  p.expiresIn = g:one_in(6) and g:below(3) or nil
  if g:one_in(8) then
    p.type, p.content = "x.note", { n = g:below(9), deep = { text = id } }
  end
  return "chat.send", p
end

function acts.forward(world, d, g, id)
  local from, to = chat_of(world, d, g), chat_of(world, d, g)
  if from and to then
    local source = { chatId = from, seq = target_of(d, from, g) }
    return "chat.forward", { chatId = to, from = source, clientMsgId = id }
  end
end

-- The same call again, or one that only says it is.
function acts.retry(world, d, g)
  local mine = world.ledger[d.name]
  local call = g:pick(mine)
  if not call then
    return
  end
  if g:one_in(4) and call.method == "chat.send" then
    local p = {}
    for k, v in pairs(call.params) do
      p[k] = v
    end
    p.type, p.content = "text", { text = "something else" }
    return "chat.send", p
  end
  return call.method, call.params
end

local function about_message(make)
  return function(world, d, g, id)
    local chat = chat_of(world, d, g)
    if chat then
      return make({ chatId = chat, target = target_of(d, chat, g), clientMsgId = id }, g, id)
    end
  end
end

acts.edit = about_message(function(p, g, id)
  p.content = text(id, g)
  return "chat.edit", p
end)

acts.delete = about_message(function(p)
  return "chat.delete", p
end)

acts.react = about_message(function(p, g)
  p.emoji, p.on = g:pick(EMOJIS), g:below(3) > 1
  return "chat.react", p
end)

acts.pin = about_message(function(p, g)
  return "chat.pin", { chatId = p.chatId, target = p.target, on = g:below(3) > 1 }
end)

acts.hide = about_message(function(p)
  return "chat.hide", { chatId = p.chatId, targets = { p.target } }
end)

acts.mark = about_message(function(p, g)
  local seq = p.target
  return "receipts.mark", {
    chatId = p.chatId,
    delivered = g:one_in(2) and seq or nil,
    read = g:one_in(2) and seq or nil,
  }
end)

acts.draft = about_message(function(p, g, id)
  local draft = not g:one_in(3) and id or null
  return "chat.draft", { chatId = p.chatId, text = draft }
end)

acts.mute = about_message(function(p, g)
  return "chat.mute", { chatId = p.chatId, ["until"] = g:below(90) - 1 }
end)

function acts.open(world, _, g)
  return "chat.open", { userId = user_of(world, g) }
end

function acts.create(world, _, g, id)
  local members = {}
  for _ = 1, g:below(3) - 1 do
    members[#members + 1] = user_of(world, g)
  end
  return "group.create", {
    title = id,
    kind = g:one_in(6) and "channel" or "group",
    memberIds = #members > 0 and members or nil,
    permissions = { add = g:pick(WHO), historyForNew = g:one_in(2) },
  }
end

local function about_group(make)
  return function(world, d, g, id)
    local chat = group_of(world, d, g)
    if chat then
      return make(chat, world, g, id)
    end
  end
end

local function on_users(method)
  return about_group(function(chat, world, g)
    local users = { user_of(world, g) }
    if g:one_in(4) then
      users[2] = user_of(world, g)
    end
    return method, { chatId = chat, userIds = users }
  end)
end

acts.add = on_users "group.add"
acts.remove = on_users "group.remove"
acts.ban = on_users "group.ban"
acts.unban = on_users "group.unban"

acts.leave = about_group(function(chat)
  return "group.leave", { chatId = chat }
end)

acts.role = about_group(function(chat, world, g)
  return "group.role", { chatId = chat, userId = user_of(world, g), role = g:pick(ROLES) }
end)

acts.update = about_group(function(chat, _, g, id)
  local p = { chatId = chat, title = id }
  if g:one_in(3) then
    p = { chatId = chat, permissions = { send = g:pick(WHO), historyForNew = g:one_in(2) } }
  end
  return "group.update", p
end)

acts.link = about_group(function(chat, _, g)
  return "group.link", { chatId = chat, uses = g:below(2) }
end)

function acts.join(world, _, g)
  local code = g:pick(world.codes)
  if code then
    return "group.join", { code = code }
  end
end

function acts.block(world, _, g)
  return g:one_in(3) and "user.block" or "user.unblock", { userId = user_of(world, g) }
end

function acts.privacy(_, _, g)
  return "user.update", { privacy = { readReceipts = g:one_in(2) } }
end

return acts
