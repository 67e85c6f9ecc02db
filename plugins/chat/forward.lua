-- chat.forward: what the caller may read becomes a message of theirs in another
-- chat. The server copies, so that a client needs neither the content nor a
-- new upload, and so that whom it came from can be believed.
local entry = require "entry"
local rules = require "rules"
local send = require "send"
local store = require "store"

local forward = {}

local SOURCE = "SELECT " .. entry.columns_as_of("m.left_seq") .. [[,
    u.erased_at IS NOT NULL AS nameless, mesh_now() AS now,
    NOT ]] .. store.shown("e") .. [[ AS hidden
  FROM chat_members m JOIN chat_entries e ON e.chat_id = m.chat_id
    LEFT JOIN users_users u ON u.user_id = e.sender_id
  WHERE m.chat_id = :chat AND m.user_id = :user AND e.seq = :seq
    AND e.seq BETWEEN m.first_seq AND coalesce(m.left_seq, e.seq)]]

-- The same call again is known by what it says, whatever became of its source.
local function print_of(mesh, p, chat)
  return store.print(mesh, "forward", chat, p.from.chatId, p.from.seq)
end

-- A forward of a forward keeps who wrote it first.
local function origin_of(mesh, row)
  if row.forwarded then
    return mesh.json.decode(row.forwarded)
  end
  return { senderId = row.nameless ~= 1 and row.sender_id or nil, at = row.sent_at }
end

-- A copy does not outlive its source's time.
local function rest_of(row)
  return row.expires_at and math.max(1, (row.expires_at - row.now) // 1000)
end

-- The source's row; or nil and an error; true when the call was answered before.
local function read_source(mesh, p, caller, print)
  local rows, err = mesh.db.read {
    { store.IDENTITY, send.identity_of_call(p, caller) },
    { store.PLACE, { chat = p.from.chatId, user = caller.userId } },
    { SOURCE, { chat = p.from.chatId, user = caller.userId, seq = p.from.seq } },
  }
  if not rows then
    return nil, err
  end
  local same = rows[1][1]
  if same then
    local answer, no = rules.same_or_conflict(same, print)
    return answer and true, answer and send.answer(answer, true) or store.error(mesh, no)
  end
  local ok, no = rules.may_forward(rows[2][1], rows[3][1])
  if not ok then
    return nil, store.error(mesh, no)
  end
  return rows[3][1]
end

local function on_forward(mesh, p, caller)
  local chat, wrong = send.chat_of(mesh, p, caller)
  if not chat then
    return nil, wrong
  end
  local print = print_of(mesh, p, chat)
  local source, err = read_source(mesh, p, caller, print)
  if not source then
    return nil, err
  elseif source == true then
    return err
  end
  local origin = origin_of(mesh, source)
  local m = send.message_of(mesh, {
    receiverId = p.receiverId,
    clientMsgId = p.clientMsgId,
    type = source.type,
    content = mesh.json.decode(source.content),
    expiresIn = rest_of(source),
  }, caller, chat)
  m.print_bytes, m.print = print, mesh.db.blob(print)
  m.origin, m.stored_origin = origin, mesh.json.canonical(origin)
  return send.message(mesh, m, caller)
end

function forward.register(mesh, shapes)
  mesh.method("chat.forward", {
    summary = "Sends what the caller reads in one chat to another, with who wrote it first.",
    params = shapes.forward,
    result = shapes.sent,
  }, on_forward)
end

return forward
