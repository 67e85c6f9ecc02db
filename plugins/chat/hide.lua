-- chat.hide: a message goes from one user's own view, on all their devices. The
-- log is everybody's, so its entry stays and says hidden: seqs have no gaps.
local rules = require "rules"
local store = require "store"

local hide = {}

local LISTED_MAX = 1000

local SEEN = [[
  SELECT count(*) AS n FROM chat_members m JOIN chat_entries e ON e.chat_id = m.chat_id
    AND e.seq IN (SELECT value FROM json_each(:targets))
  WHERE m.chat_id = :chat AND m.user_id = :user AND e.kind = 'message'
    AND e.seq BETWEEN m.first_seq AND coalesce(m.left_seq, e.seq)]]

local HIDE = [[
  INSERT INTO chat_hidden (user_id, chat_id, seq)
  SELECT :user, :chat, value FROM json_each(:targets) WHERE true
  ON CONFLICT (user_id, chat_id, seq) DO NOTHING
  RETURNING seq]]

-- Left alone when all were hidden before: then nothing has changed.
local COUNT = [[
  UPDATE chat_members SET rev = mesh_rev(), hides = (
    SELECT count(*) FROM chat_hidden h WHERE h.user_id = :user AND h.chat_id = :chat)
  WHERE chat_id = :chat AND user_id = :user AND hides <> (
    SELECT count(*) FROM chat_hidden h WHERE h.user_id = :user AND h.chat_id = :chat)
  RETURNING hides]]

local LIST = [[
  SELECT seq FROM chat_hidden WHERE user_id = :user AND chat_id = :chat AND seq > :after
  ORDER BY seq LIMIT :count]]

local function tell(mesh, chat, caller, done)
  local row = done[2][1]
  if not row then
    return
  end
  local seqs = {}
  for i, hidden in ipairs(done[1]) do
    seqs[i] = hidden.seq
  end
  table.sort(seqs)
  mesh.session.deliver(caller.userId, "chat.updated", {
    chatId = chat,
    hides = row.hides,
    hidden = mesh.json.array(seqs),
  }, { except = caller.connection })
end

local function on_hide(mesh, p, caller)
  local targets = rules.unique(p.targets)
  local args = { chat = p.chatId, user = caller.userId, targets = mesh.json.encode(targets) }
  local rows, err = mesh.db.read {
    { store.PLACE, { chat = p.chatId, user = caller.userId } },
    { SEEN, args },
  }
  if not rows then
    return nil, err
  end
  local ok, no = rules.may_hide(rows[1][1], rows[2][1].n, #targets)
  if not ok then
    return nil, store.error(mesh, no)
  end
  local done, why = mesh.db.write {
    { HIDE, args },
    { COUNT, { chat = p.chatId, user = caller.userId } },
  }
  if not done then
    return nil, why
  end
  tell(mesh, p.chatId, caller, done)
  return {}
end

local function on_hidden(mesh, p, caller)
  local rows, err = mesh.db.read {
    { store.PLACE, { chat = p.chatId, user = caller.userId } },
    {
      LIST,
      { chat = p.chatId, user = caller.userId, after = p.after or 0, count = LISTED_MAX + 1 },
    },
  }
  if not rows then
    return nil, err
  end
  local ok, no = rules.may_read(rows[1][1])
  if not ok then
    return nil, store.error(mesh, no)
  end
  local targets = {}
  for i = 1, math.min(#rows[2], LISTED_MAX) do
    targets[i] = rows[2][i].seq
  end
  return { targets = mesh.json.array(targets), more = #rows[2] > LISTED_MAX }
end

function hide.register(mesh, shapes)
  mesh.method("chat.hide", {
    summary = "Takes messages out of the caller's own view, on all their devices.",
    params = shapes.hide,
  }, on_hide)
  mesh.method("chat.hidden", {
    summary = "Which messages of a chat the caller hides.",
    params = shapes.hidden,
    result = shapes.hidden_list,
  }, on_hidden)
end

return hide
