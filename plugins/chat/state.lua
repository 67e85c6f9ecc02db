-- chat.open, chat.mute and chat.pin: what changes without an entry in the log,
-- and is told by chat.updated.
local edit = require "edit"
local rules = require "rules"
local store = require "store"

local state = {}

local MUTE = [[
  UPDATE chat_members SET muted_until = :until, rev = mesh_rev()
  WHERE chat_id = :chat AND user_id = :user AND left_seq IS NULL]]

local PINNED = [[
  SELECT count(*) AS n, coalesce(sum(target = :target), 0) AS is_set FROM chat_pins
  WHERE chat_id = :chat]]

-- A pin changes the chat's state for all, but is no activity in it.
local TOUCH = [[
  UPDATE chat_chats SET rev = mesh_rev()
  WHERE chat_id = :chat
    AND EXISTS (SELECT 1 FROM chat_members m WHERE m.chat_id = :chat AND m.user_id = :user
      AND m.left_seq IS NULL AND (chat_chats.pin_admins = 0 OR m.role <> 'member'))
    AND EXISTS (SELECT 1 FROM chat_entries t WHERE t.chat_id = :chat AND t.seq = :target
      AND t.kind = 'message' AND t.deleted = 0)
  RETURNING last_seq, members_version]]

local SET = [[
  INSERT INTO chat_pins (chat_id, target, pinned_by, pinned_at)
  VALUES (:chat, :target, :user, mesh_now()) ON CONFLICT (chat_id, target) DO NOTHING]]
local UNSET = "DELETE FROM chat_pins WHERE chat_id = :chat AND target = :target"

local function on_open(mesh, p, caller)
  local chat, is_new = store.open_direct(mesh, caller.userId, p.userId)
  if not chat then
    return nil, is_new
  end
  if is_new then
    mesh.session.deliver(caller.userId, "chat.updated", {
      chatId = chat,
      kind = "direct",
      userId = p.userId,
    }, { except = caller.connection })
  end
  return { chatId = chat }
end

local function on_mute(mesh, p, caller)
  local done, err = mesh.db.write {
    {
      MUTE,
      { chat = p.chatId, user = caller.userId, ["until"] = p["until"] },
      expect = "one",
    },
  }
  if not done then
    if err.type ~= "guard" then
      return nil, err
    end
    local place, why = store.place(mesh, p.chatId, caller.userId)
    return nil, why or store.error(mesh, place and rules.NOT_A_MEMBER or rules.NO_CHAT)
  end
  mesh.session.deliver(caller.userId, "chat.updated", {
    chatId = p.chatId,
    muted = p["until"],
  }, { except = caller.connection })
  return {}
end

-- Whether the message is pinned as asked already; nil, err when that may not be.
local function may_pin(mesh, p, user)
  local at = { chat = p.chatId, target = p.target }
  local rows, err = mesh.db.read {
    { store.PLACE, { chat = p.chatId, user = user } },
    { store.TARGET, at },
    { PINNED, at },
  }
  if not rows then
    return nil, err
  end
  local pinned = rows[3][1]
  local is_set = pinned.is_set > 0
  local others = is_set and 0 or pinned.n
  local ok, no = rules.may_pin(rows[1][1], rows[2][1], p.on, others, mesh.config.pinsMax)
  if not ok then
    return nil, store.error(mesh, no)
  end
  return is_set == p.on
end

local function pin_once(mesh, p, user)
  local is_done, err = may_pin(mesh, p, user)
  if is_done == nil then
    return nil, err
  elseif is_done then
    return {}
  end
  local at = { chat = p.chatId, target = p.target }
  local done, why = mesh.db.write {
    { TOUCH, { chat = p.chatId, target = p.target, user = user }, expect = "one" },
    p.on and { SET, { chat = p.chatId, target = p.target, user = user } } or { UNSET, at },
    { edit.PINS, { chat = p.chatId } },
  }
  if not done then
    return nil, not store.is_stale(why) and why or nil
  end
  local row = done[1][1]
  edit.tell_pins(mesh, p.chatId, row.members_version, row.last_seq, done[3])
  return {}
end

local function on_pin(mesh, p, caller)
  return store.settle(mesh, function()
    return pin_once(mesh, p, caller.userId)
  end)
end

function state.register(mesh, shapes)
  mesh.method("chat.open", {
    summary = "The direct chat with another user, or with oneself; made once.",
    params = shapes.open,
    result = shapes.chat,
  }, on_open)
  mesh.method("chat.mute", {
    summary = "Mutes a chat for the caller until a time; 0 ends it.",
    params = shapes.mute,
  }, on_mute)
  mesh.method("chat.pin", {
    summary = "Pins a message, or takes its pin away.",
    params = shapes.pin,
  }, on_pin)
  mesh.event("chat.updated", {
    summary = "Something of a chat's state changed without an entry.",
    params = shapes.updated,
  })
end

return state
