-- chat.edit, chat.delete and chat.react: entries about an earlier message.
-- Each reads the facts, decides, and writes on the condition that they hold.
local audience = require "audience"
local entry = require "entry"
local rules = require "rules"
local store = require "store"

local edit = {}

local point

-- One statement writes all three kinds; what a kind has not is NULL.
local INSERT = [[
  INSERT INTO chat_entries (chat_id, seq, kind, message_id, sender_id, device_id, client_msg_id,
    fingerprint, sent_at, content, target, emoji, on_flag)
  SELECT chat_id, last_seq, :kind, :message, :user, :device, :client, :print, updated_at, :content,
    :target, :emoji, :on
  FROM chat_chats WHERE chat_id = :chat]]

local SET_CONTENT = [[
  UPDATE chat_entries SET original = coalesce(original, content), content = :content,
    edited_at = (SELECT updated_at FROM chat_chats WHERE chat_id = :chat)
  WHERE chat_id = :chat AND seq = :target]]

local TOMBSTONE = [[
  UPDATE chat_entries SET deleted = 1, content = NULL, original = NULL, mentions = NULL,
    edited_at = NULL, forwarded = NULL
  WHERE chat_id = :chat AND seq = :target]]
local CLEAR_EDITS = [[
  UPDATE chat_entries SET content = NULL
  WHERE chat_id = :chat AND target = :target AND kind = 'edit']]
local CLEAR_REACTIONS = "DELETE FROM chat_reactions WHERE chat_id = :chat AND target = :target"
local UNPIN = "DELETE FROM chat_pins WHERE chat_id = :chat AND target = :target"
edit.PINS = "SELECT target FROM chat_pins WHERE chat_id = :chat ORDER BY target"

local REACTED = [[
  SELECT (SELECT seq FROM chat_reactions WHERE chat_id = :chat AND target = :target
      AND emoji = :emoji AND user_id = :user) AS seq,
    (SELECT count(DISTINCT emoji) FROM chat_reactions WHERE chat_id = :chat AND target = :target
      AND emoji <> :emoji) AS emojis]]

local SET_REACTION = [[
  INSERT INTO chat_reactions (chat_id, target, emoji, user_id, seq)
  SELECT chat_id, :target, :emoji, :user, last_seq FROM chat_chats WHERE chat_id = :chat]]

local UNSET_REACTION = [[
  DELETE FROM chat_reactions WHERE chat_id = :chat AND target = :target AND emoji = :emoji
    AND user_id = :user]]

-- What all three calls are about.
local function action_of(mesh, kind, p, caller, content, emoji, on)
  local print = store.print(mesh, kind, p.chatId, p.target, content, emoji, on)
  return {
    kind = kind,
    chat = p.chatId,
    target = p.target,
    user = caller.userId,
    device = caller.deviceId or "",
    client = p.clientMsgId,
    connection = caller.connection,
    message_id = mesh.id("m"),
    print_bytes = print,
    print = mesh.db.blob(print),
    stored = content,
    emoji = emoji,
    on = on,
  }
end

local function identity_of(a)
  return { user = a.user, device = a.device, client = a.client }
end

local function insert_of(a)
  return {
    INSERT,
    {
      chat = a.chat,
      kind = a.kind,
      message = a.message_id,
      user = a.user,
      device = a.device,
      client = a.client,
      print = a.print,
      content = a.stored,
      target = a.target,
      emoji = a.emoji,
      on = a.on ~= nil and (a.on and 1 or 0) or nil,
    },
  }
end

-- Reads the facts: place, target, what the identity is already, and more.
local function facts_of(mesh, a)
  local reads = {
    { store.IDENTITY, identity_of(a) },
    { store.PLACE, { chat = a.chat, user = a.user } },
    { store.TARGET, { chat = a.chat, target = a.target } },
  }
  if a.emoji then
    reads[4] = { REACTED, { chat = a.chat, target = a.target, emoji = a.emoji, user = a.user } }
  end
  local rows, err = mesh.db.read(reads)
  if not rows then
    return nil, err
  end
  return {
    same = rows[1][1],
    place = rows[2][1],
    target = rows[3][1],
    reacted = rows[4] and rows[4][1],
  }
end

-- Answers with an entry that was there before.
local function again(seq)
  return { seq = seq, duplicate = true }
end

local function event_of(mesh, a, row)
  local e = entry.head(mesh, a.chat, row.last_seq, a.kind, a.message_id, a.user, a.device, a.client,
    row.updated_at)
  e.target = a.target
  e.content = a.content
  e.emoji = a.emoji
  e.on = a.on
  return e
end

-- Pins are state without an entry: all members get the list as it is now.
function edit.tell_pins(mesh, chat, version, seq, pins)
  local list = {}
  for i, row in ipairs(pins) do
    list[i] = row.target
  end
  local to = audience.of(mesh, chat, version, seq)
  if to then
    mesh.session.deliver(to, "chat.updated", { chatId = chat, pins = mesh.json.array(list) })
  end
end

-- The seq of the entry that answers the call already; true when there is none
-- and it may be written; or nil, err.
local function settled_by(mesh, a, facts, decide)
  if facts.same then
    local same, no = rules.same_or_conflict(facts.same, a.print_bytes)
    if not same then
      return nil, store.error(mesh, no)
    end
    return same.seq
  end
  local ok, no, veto = decide(facts)
  if not ok then
    return nil, veto or store.error(mesh, no)
  end
  return ok
end

-- decide(facts) gives true, a seq that answers already, or nil and a refusal; it
-- may wait, and give an error of another plugin in its place.
-- extra is what is written besides the entry.
local function run(mesh, a, event, decide, alloc, extra)
  return store.settle(mesh, function()
    local facts, err = facts_of(mesh, a)
    if not facts then
      return nil, err
    end
    local seq, refusal = settled_by(mesh, a, facts, decide)
    if not seq then
      return nil, refusal
    elseif seq ~= true then
      return again(seq)
    end
    local batch = {
      { store.IDENTITY, identity_of(a), expect = "none" },
      { alloc, { chat = a.chat, user = a.user, target = a.target }, expect = "one" },
      insert_of(a),
    }
    for i, statement in ipairs(extra) do
      batch[3 + i] = statement
    end
    local done, why = mesh.db.write(batch)
    if not done then
      return nil, not store.is_stale(why) and why or nil
    end
    local row = done[2][1]
    audience.announce(mesh, event, event_of(mesh, a, row), row.members_version, a.connection)
    if a.after then
      a.after(done, row)
    end
    return { seq = row.last_seq, duplicate = false }
  end)
end

-- Checks content for the type of its target; gives it clean and as text, or nil
-- and a refusal.
local function content_for(mesh, kind, given)
  local content, no = rules.content(kind, given)
  if not content then
    return nil, no
  end
  local stored = mesh.json.canonical(content)
  local ok, too_large = rules.content_fits(kind, content, #stored, mesh.limits.textBytes)
  if not ok then
    return nil, too_large
  end
  return content, stored
end

-- Lets other plugins look at the new content, as at a new message's.
local function ask_others(mesh, a, kind)
  local event, veto = point:run {
    chatId = a.chat,
    senderId = a.user,
    target = a.target,
    type = kind,
    content = a.content,
  }
  if not event then
    return nil, nil, veto
  end
  local content, stored = content_for(mesh, kind, event.content)
  if not content then
    return nil, stored
  end
  a.content, a.stored = content, stored
  return true
end

local function on_edit(mesh, p, caller)
  local a = action_of(mesh, "edit", p, caller, mesh.json.canonical(p.content))
  local target, err = mesh.db.first(store.TARGET, { chat = a.chat, target = a.target })
  if err then
    return nil, err
  end
  -- The type never changes, so the content may be checked before the facts are
  -- read; whether the caller may know of the message is decided with them.
  local wrong
  if target and target.kind == "message" then
    local content, stored = content_for(mesh, target.type, p.content)
    if content then
      a.content, a.stored = content, stored
      a.print_bytes = store.print(mesh, "edit", a.chat, a.target, stored, nil, nil)
      a.print = mesh.db.blob(a.print_bytes)
    else
      wrong = stored
    end
  end
  local set = { chat = a.chat, target = a.target }
  local function decide(facts)
    local ok, no = rules.may_edit(facts.place, facts.target, a.user)
    if not ok or wrong then
      return nil, no or wrong
    end
    if not a.content then
      return nil, rules.NO_MESSAGE -- it was not there when its content would have been checked
    end
    local veto
    if point.active then
      ok, no, veto = ask_others(mesh, a, facts.target.type)
    end
    set.content = a.stored
    return ok, no, veto
  end
  return run(mesh, a, "chat.edited", decide, store.ALLOC_TARGET, { { SET_CONTENT, set } })
end

-- Statements that take a message's content out of the database.
function edit.erasure(chat, target)
  local at = { chat = chat, target = target }
  return { TOMBSTONE, at }, { CLEAR_EDITS, at }, { CLEAR_REACTIONS, at }, { UNPIN, at }
end

local function on_delete(mesh, p, caller)
  local a = action_of(mesh, "delete", p, caller)
  local statements = { edit.erasure(a.chat, a.target) }
  local unpin = 3 + #statements
  statements[#statements + 1] = { edit.PINS, { chat = a.chat } }
  function a.after(done, row)
    if done[unpin].changes > 0 then
      edit.tell_pins(mesh, a.chat, row.members_version, row.last_seq, done[unpin + 1])
    end
  end
  return run(mesh, a, "chat.deleted", function(facts)
    return rules.may_delete(facts.place, facts.target, a.user)
  end, store.ALLOC_DELETE, statements)
end

local function on_react(mesh, p, caller)
  local a = action_of(mesh, "reaction", p, caller, nil, p.emoji, p.on)
  local mine = { chat = a.chat, target = a.target, emoji = a.emoji, user = a.user }
  return run(mesh, a, "chat.reaction", function(facts)
    return rules.may_react(facts.place, facts.target, facts.reacted.seq, facts.reacted.emojis, a.on)
  end, store.ALLOC_TARGET, {
    a.on and { SET_REACTION, mine, expect = "one" } or { UNSET_REACTION, mine, expect = "one" },
  })
end

function edit.register(mesh, shapes)
  local s = mesh.schema
  point = mesh.point("chat.edit", {
    summary = "New content of a message before it is written; transform may change it.",
    fields = s.object {
      chatId = s.id(),
      senderId = s.id(),
      target = s.integer { minimum = 1 },
      type = s.string(),
      content = s.open_object {},
    },
  })
  mesh.method("chat.edit", {
    summary = "Gives a message of the caller new content.",
    params = shapes.edit,
    result = shapes.changed,
  }, on_edit)
  mesh.method("chat.delete", {
    summary = "Deletes a message for all; its tombstone stays.",
    params = shapes.delete,
    result = shapes.changed,
  }, on_delete)
  mesh.method("chat.react", {
    summary = "Sets or unsets a reaction to a message.",
    params = shapes.react,
    result = shapes.changed,
  }, on_react)
  mesh.event("chat.edited", { summary = "A message has new content.", params = shapes.entry })
  mesh.event("chat.deleted", { summary = "A message became a tombstone.", params = shapes.entry })
  mesh.event("chat.reaction", { summary = "A reaction was set or unset.", params = shapes.entry })
end

return edit
