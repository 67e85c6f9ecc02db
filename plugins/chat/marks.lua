-- Two watermarks a member, for the receipts plugin: what is delivered, what is
-- read. They only grow. read_shown is what others may see of read; it stands
-- still while either side of a direct chat, or the reader in a group, hides, and
-- from whom the reader has blocked.
local rules = require "rules"
local store = require "store"

local marks = {}

local LISTED_MAX = 200
local TOLD_MAX = 100 -- members of a group whose marks are told to the others

local BEFORE = [[
  SELECT delivered, read_shown FROM chat_members WHERE chat_id = :chat AND user_id = :user]]

local MARK = [[
  UPDATE chat_members SET
    delivered = max(delivered, :delivered, :read),
    read = max(read, :read),
    read_shown = CASE WHEN EXISTS (SELECT 1 FROM users_users u
      WHERE u.user_id IN (chat_members.user_id, chat_members.peer)
        AND u.privacy_read_receipts = 0) OR EXISTS (SELECT 1 FROM users_blocks b
      WHERE b.user_id = chat_members.user_id AND b.blocked_id = chat_members.peer
        AND b.blocked_id <> b.user_id) THEN read_shown ELSE max(read_shown, read, :read) END,
    rev = mesh_rev()
  WHERE chat_id = :chat AND user_id = :user AND left_seq IS NULL
    AND max(:delivered, :read) <= (SELECT c.last_seq FROM chat_chats c WHERE c.chat_id = :chat)
    AND (max(:delivered, :read) > delivered OR :read > read)
  RETURNING delivered, read, read_shown]]

-- The other side's state shows my marks, so a direct chat itself has changed.
local TOUCH = "UPDATE chat_chats SET rev = mesh_rev() WHERE chat_id = :chat AND kind = 'direct'"

local OTHERS = [[
  SELECT m.user_id, c.kind, coalesce(u.privacy_read_receipts, 1) AS sees
  FROM chat_chats c JOIN chat_members m ON m.chat_id = c.chat_id
    LEFT JOIN users_users u ON u.user_id = m.user_id
  WHERE c.chat_id = :chat AND c.member_count <= :told_max AND m.left_seq IS NULL
    AND m.user_id <> :user]]

local function refuse(mesh, p)
  local place, err = store.place(mesh, p.chatId, p.userId)
  if err then
    return nil, err
  end
  local ok, no = rules.is_in(place)
  if not ok then
    return nil, store.error(mesh, no)
  end
  for _, name in ipairs { "delivered", "read" } do
    if (p[name] or 0) > place.last_seq then
      return nil, store.error(mesh, rules.invalid("/" .. name, "above the chat's lastSeq"))
    end
  end
  return { delivered = place.delivered, read = place.read, changed = false, others = {} }
end

-- In a group a member who hides sees no reads; in a direct chat read_shown
-- stands still for both.
local function others_of(rows)
  local others = {}
  for i, row in ipairs(rows) do
    others[i] = { userId = row.user_id, sees = row.kind == "direct" or row.sees == 1 }
  end
  return others
end

local function on_mark(mesh, p)
  local who = { chat = p.chatId, user = p.userId }
  local done, err = mesh.db.write {
    { BEFORE, who },
    {
      MARK,
      { chat = p.chatId, user = p.userId, delivered = p.delivered or 0, read = p.read or 0 },
      expect = "one",
    },
    { TOUCH, { chat = p.chatId } },
    { OTHERS, { chat = p.chatId, user = p.userId, told_max = TOLD_MAX } },
  }
  if not done then
    if err.type ~= "guard" then
      return nil, err
    end
    return refuse(mesh, p)
  end
  local before, row = done[1][1], done[2][1]
  local is_seen = row.delivered ~= before.delivered or row.read_shown ~= before.read_shown
  return {
    delivered = row.delivered,
    read = row.read,
    shown = row.read_shown,
    changed = true,
    others = is_seen and others_of(done[4]) or {},
  }
end

-- ---- who has a message ----

local COUNTED = [[
  FROM chat_members m WHERE m.chat_id = :chat AND m.left_seq IS NULL AND m.joined_seq < :seq
    AND m.user_id <> :sender AND ]]
local DELIVERED_BY = "SELECT m.user_id " .. COUNTED
  .. "m.delivered >= :seq ORDER BY m.user_id LIMIT :max"
local READ_BY = "SELECT m.user_id " .. COUNTED
  .. "m.read_shown >= :seq ORDER BY m.user_id LIMIT :max"
local COUNTS = "SELECT count(*) AS delivered, coalesce(sum(m.read_shown >= :seq), 0) AS read "
  .. COUNTED .. "m.delivered >= :seq"
local SEES = [[
  SELECT 1 FROM users_users u JOIN chat_chats c ON c.chat_id = :chat
  WHERE u.user_id = :user AND (c.kind = 'direct' OR u.privacy_read_receipts = 1)]]

local function ids_of(mesh, rows)
  local ids = {}
  for i, row in ipairs(rows) do
    ids[i] = row.user_id
  end
  return mesh.json.array(ids)
end

local function may_ask(place, target)
  local ok, no = rules.is_in(place)
  if not ok then
    return nil, no
  end
  return rules.may_see(place, target)
end

local function on_receipts(mesh, p)
  local rows, err = mesh.db.read {
    { store.PLACE, { chat = p.chatId, user = p.userId } },
    { store.TARGET, { chat = p.chatId, target = p.seq } },
  }
  if not rows then
    return nil, err
  end
  local ok, no = may_ask(rows[1][1], rows[2][1])
  if not ok then
    return nil, store.error(mesh, no)
  end
  local sender = rows[2][1].sender_id
  local listed = { chat = p.chatId, seq = p.seq, sender = sender, max = LISTED_MAX }
  local got, why = mesh.db.read {
    { DELIVERED_BY, listed },
    { READ_BY, listed },
    { COUNTS, { chat = p.chatId, seq = p.seq, sender = sender } },
    { SEES, { chat = p.chatId, user = p.userId } },
  }
  if not got then
    return nil, why
  end
  local sees_reads = #got[4] > 0
  return {
    deliveredBy = ids_of(mesh, got[1]),
    readBy = sees_reads and ids_of(mesh, got[2]) or mesh.json.array {},
    deliveredCount = got[3][1].delivered,
    readCount = sees_reads and got[3][1].read or 0,
  }
end

function marks.register(mesh)
  local s = mesh.schema
  local id, count = s.id(), s.integer { minimum = 0 }
  mesh.export("mark", {
    summary = "Raises a member's watermarks; gives them, and whom to tell.",
    params = s.object { chatId = id, userId = id, ["delivered?"] = count, ["read?"] = count },
  }, on_mark)
  mesh.export("receipts", {
    summary = "Who has a message: lists of at most 200, and counts.",
    params = s.object { chatId = id, userId = id, seq = s.integer { minimum = 1 } },
  }, on_receipts)
end

return marks
