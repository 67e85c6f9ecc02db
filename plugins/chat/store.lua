-- The SQL that more than one file needs, and what refusals become.
local rules = require "rules"

local store = {}

-- A refusal of rules.lua as the error value a handler returns.
function store.error(mesh, no)
  return mesh.error(no.type, no.message, no.data)
end

-- Whether the entry of this identity is there already.
store.IDENTITY = [[
  SELECT chat_id, seq, message_id, sent_at, fingerprint FROM chat_entries
  WHERE sender_id = :user AND device_id = :device AND client_msg_id = :client]]

-- Tells two uses of one identity apart. Keyed, so that it gives nothing away
-- about the content of a tombstone.
function store.print(mesh, ...)
  return mesh.crypto.mac("identity", rules.fingerprint_text(...)):sub(1, 16)
end

-- What a user is in a chat; no row for a stranger and for an unknown chat alike.
store.PLACE = [[
  SELECT c.kind, c.title, c.last_seq, c.members_version, c.member_count, c.admins_only,
    c.pin_admins, c.slow_mode_s, m.role, m.peer, m.opened, m.first_seq, m.joined_seq, m.left_seq,
    m.last_sent_at, m.delivered, m.read, m.muted_until, m.hides, mesh_now() AS now,
    EXISTS (SELECT 1 FROM users_blocks b
      WHERE b.user_id = m.peer AND b.blocked_id = m.user_id AND m.peer <> m.user_id) AS blocked
  FROM chat_members m JOIN chat_chats c ON c.chat_id = m.chat_id
  WHERE m.chat_id = :chat AND m.user_id = :user]]

-- That a message (an alias of chat_entries) is not hidden by the member m.
function store.shown(alias)
  return ([[
    (m.hides = 0 OR NOT EXISTS (SELECT 1 FROM chat_hidden h
      WHERE h.user_id = m.user_id AND h.chat_id = m.chat_id AND h.seq = %s.seq))]]):format(alias)
end

store.TARGET = [[
  SELECT e.seq, e.kind, e.type, e.sender_id, e.deleted, e.forwarded,
    (SELECT d.seq FROM chat_entries d WHERE d.chat_id = e.chat_id AND d.target = e.seq
      AND d.kind = 'delete' ORDER BY d.seq LIMIT 1) AS deleted_by_seq
  FROM chat_entries e WHERE e.chat_id = :chat AND e.seq = :target]]

-- Gives the chat its next seq, on conditions. Time in a log never runs
-- backwards, so that a message can be found by it.
local ALLOC = [[
  UPDATE chat_chats SET last_seq = last_seq + 1, updated_at = max(updated_at, mesh_now()),
    rev = mesh_rev()
  WHERE chat_id = :chat AND EXISTS (SELECT 1 FROM chat_members m
    WHERE m.chat_id = :chat AND m.user_id = :user AND m.left_seq IS NULL %s) %s
  RETURNING last_seq, updated_at, members_version, slow_mode_s]]

local NOT_BLOCKED = [[AND (m.peer IS NULL OR m.peer = m.user_id OR NOT EXISTS (
      SELECT 1 FROM users_blocks b WHERE b.user_id = m.peer AND b.blocked_id = m.user_id))]]

local MAY_SEND = NOT_BLOCKED .. [[
    AND (chat_chats.admins_only = 0 OR m.role <> 'member')
    AND (chat_chats.slow_mode_s = 0 OR m.role <> 'member'
      OR m.last_sent_at + chat_chats.slow_mode_s * 1000 <= mesh_now())]]

local TARGET_IS_THERE = [[AND EXISTS (SELECT 1 FROM chat_entries t
    WHERE t.chat_id = :chat AND t.seq = :target AND t.kind = 'message' AND t.deleted = 0)]]

store.ALLOC_SEND = ALLOC:format(MAY_SEND, "")
store.ALLOC_TARGET = ALLOC:format(NOT_BLOCKED, TARGET_IS_THERE)
-- Deleting one's own is allowed to everyone who is in, deleting others' to admins of groups.
store.ALLOC_DELETE = ALLOC:format([[AND EXISTS (SELECT 1 FROM chat_entries t
    WHERE t.chat_id = :chat AND t.seq = :target AND t.kind = 'message' AND t.deleted = 0
    AND (t.sender_id = :user OR (chat_chats.kind <> 'direct' AND m.role <> 'member')))]], "")

-- Runs what must be decided before it is written: read facts, decide, write
-- guarded. When a guard fails the facts have changed, so it starts again.
-- attempt() gives a result; or nil, err; or nil, nil for again.
local ATTEMPTS_MAX = 8

function store.settle(mesh, attempt)
  for _ = 1, ATTEMPTS_MAX do
    local result, err = attempt()
    if result ~= nil or err ~= nil then
      return result, err
    end
  end
  return nil, store.error(mesh, rules.BUSY)
end

-- Whether a failed write only says that the facts have changed.
function store.is_stale(err)
  return err.type == "guard" or err.type == "constraint"
end

-- The one row of a read that gave at most one.
function store.place(mesh, chat, user)
  local row, err = mesh.db.first(store.PLACE, { chat = chat, user = user })
  return row, err
end

-- ---- direct chats ----

-- A direct chat's id follows from its two users, so nobody has to look it up
-- and two who open it at once make the same one.
function store.direct_id(mesh, a, b)
  return "d" .. mesh.crypto.base64url(mesh.crypto.hash(rules.direct_key(a, b), 18))
end

store.OTHER_USER = [[
  SELECT u.user_id, EXISTS (SELECT 1 FROM users_blocks b
    WHERE b.user_id = u.user_id AND b.blocked_id = :user AND u.user_id <> :user) AS blocked,
    (SELECT m.opened FROM chat_members m WHERE m.chat_id = :chat AND m.user_id = :user) AS opened
  FROM users_users u WHERE u.user_id = :other AND u.erased_at IS NULL]]

-- Somebody a direct chat may be opened with; or nil, err.
function store.other_user(mesh, chat, user, other)
  local row, err = mesh.db.first(store.OTHER_USER, { user = user, other = other, chat = chat })
  if err then
    return nil, err
  end
  if not row then
    return nil, store.error(mesh, rules.NO_USER)
  end
  if row.blocked == 1 then
    return nil, store.error(mesh, rules.BLOCKED)
  end
  return row
end

local CREATE_CHAT = [[
  INSERT INTO chat_chats (chat_id, kind, member_count, created_at, updated_at, rev)
  VALUES (:chat, 'direct', :count, mesh_now(), mesh_now(), mesh_rev())
  ON CONFLICT (chat_id) DO NOTHING]]

local CREATE_MEMBER = [[
  INSERT INTO chat_members (chat_id, user_id, peer, opened, joined_at, rev)
  VALUES (:chat, :user, :peer, :opened, mesh_now(), mesh_rev())
  ON CONFLICT (chat_id, user_id) DO UPDATE SET opened = 1, rev = mesh_rev()
  WHERE :opened = 1 AND opened = 0]]

-- Makes the direct chat if it is not there. An empty one shows to who opened
-- it only: the other side hears of it by its first message.
-- Gives its id and whether it is new to this user.
function store.open_direct(mesh, user, other)
  local chat = store.direct_id(mesh, user, other)
  local row, err = store.other_user(mesh, chat, user, other)
  if not row then
    return nil, err
  end
  if row.opened == 1 then
    return chat, false
  end
  local batch = {
    { CREATE_CHAT, { chat = chat, count = user == other and 1 or 2 } },
    { CREATE_MEMBER, { chat = chat, user = user, peer = other, opened = 1 } },
  }
  if user ~= other then
    batch[3] = { CREATE_MEMBER, { chat = chat, user = other, peer = user, opened = 0 } }
  end
  local done, why = mesh.db.write(batch)
  if not done then
    return nil, why
  end
  return chat, done[2].changes > 0
end

return store
