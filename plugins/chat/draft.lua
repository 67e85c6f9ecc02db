-- chat.draft: what somebody has begun to write, seen on all their devices and by
-- nobody else. The last one set wins. Sending does not look at it: the client
-- that sends knows best whether its text was the draft.
local rules = require "rules"
local store = require "store"

local draft = {}

local MAY = [[
  UPDATE chat_members SET rev = mesh_rev()
  WHERE chat_id = :chat AND user_id = :user AND left_seq IS NULL]]

local SET = [[
  INSERT INTO chat_drafts (user_id, chat_id, text, reply_to, at)
  VALUES (:user, :chat, :text, :reply, mesh_now())
  ON CONFLICT (user_id, chat_id) DO UPDATE SET text = excluded.text,
    reply_to = excluded.reply_to, at = excluded.at
  RETURNING at]]

local CLEAR = "DELETE FROM chat_drafts WHERE user_id = :user AND chat_id = :chat"

local function may_draft(mesh, chat, user)
  local place, err = store.place(mesh, chat, user)
  if err then
    return nil, err
  end
  local ok, no = rules.is_in(place)
  if not ok then
    return nil, store.error(mesh, no)
  end
  return true
end

-- true and the draft that is there now (nil for none); or nil, err.
local function write(mesh, p, user)
  local who = { chat = p.chatId, user = user }
  local batch = { { MAY, who, expect = "one" } }
  local text = p.text ~= mesh.null and p.text ~= "" and p.text or nil
  if text then
    batch[2] = { SET, { chat = p.chatId, user = user, text = text, reply = p.replyTo } }
  else
    batch[2] = { CLEAR, who, expect = "one" }
  end
  local done, err = mesh.db.write(batch)
  if done then
    return true, text and { text = text, replyTo = p.replyTo, at = done[2][1].at }
  end
  return nil, err
end

local function on_draft(mesh, p, caller)
  local ok, now = write(mesh, p, caller.userId)
  if not ok then
    if now.type ~= "guard" then
      return nil, now
    end
    -- Not in the chat, or there was nothing to clear.
    ok, now = may_draft(mesh, p.chatId, caller.userId)
    return ok and {} or nil, now
  end
  mesh.session.deliver(caller.userId, "chat.updated", {
    chatId = p.chatId,
    draft = now or mesh.null,
  }, { except = caller.connection })
  return {}
end

function draft.register(mesh, shapes)
  mesh.method("chat.draft", {
    summary = "Keeps what the caller has begun to write, for their other devices; null ends it.",
    params = shapes.set_draft,
  }, on_draft)
end

return draft
