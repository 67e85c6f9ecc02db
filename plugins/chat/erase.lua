-- What a user leaves behind when the account is erased: messages become
-- tombstones by delete entries that nobody sent, and groups are left. A job in
-- the database, so that a crash only delays it.
local expire = require "expire"
local roster = require "roster"

local erase = {}

local EVERY_S = 5
local ROUNDS_MAX = 40 -- batches a tick; the rest waits for the next
local GROUPS_A_ROUND = 20

local NOTE = "INSERT INTO chat_erasures (user_id) VALUES (:user) ON CONFLICT (user_id) DO NOTHING"

-- Catches those whose erasing this plugin was not there to hear of.
local FIND = [[
  INSERT INTO chat_erasures (user_id)
  SELECT u.user_id FROM users_users u WHERE u.erased_at IS NOT NULL
  ON CONFLICT (user_id) DO NOTHING]]

local NEXT = "SELECT user_id, device_id, client_msg_id FROM chat_erasures WHERE done = 0 LIMIT 1"
-- What was the user's alone.
local OWN = {
  "DELETE FROM chat_scheduled WHERE user_id = :user",
  "DELETE FROM chat_drafts WHERE user_id = :user",
  "DELETE FROM chat_hidden WHERE user_id = :user",
  "UPDATE chat_members SET left_title = NULL WHERE user_id = :user AND left_title IS NOT NULL",
}
-- What a group was called goes with its last member; while others are in, it is theirs.
local DESERTED = [[
  SELECT m.chat_id FROM chat_members m JOIN chat_chats c ON c.chat_id = m.chat_id
  WHERE m.user_id = :user AND c.kind <> 'direct' AND c.member_count = 0]]
table.move({
  [[UPDATE chat_entries SET change = json_remove(change, '$.title', '$.about')
    WHERE kind = 'member' AND chat_id IN (]] .. DESERTED .. ")",
  "UPDATE chat_chats SET title = '', about = NULL, avatar = NULL WHERE chat_id IN (" .. DESERTED
    .. ")",
}, 1, 2, #OWN + 1, OWN)
local DONE = "UPDATE chat_erasures SET done = 1 WHERE user_id = :user"
local MOVE = [[
  UPDATE chat_erasures SET device_id = :device, client_msg_id = :client WHERE user_id = :user]]

-- In the order of the identities' index, from where the job stands.
local MESSAGES = [[
  SELECT chat_id, seq, device_id, client_msg_id FROM chat_entries
  WHERE sender_id = :user AND client_msg_id IS NOT NULL
    AND (device_id, client_msg_id) > (:device, :client) AND kind = 'message' AND deleted = 0
  ORDER BY device_id, client_msg_id LIMIT :count]]

local GROUPS = [[
  SELECT m.chat_id, c.kind, c.members_version, m.role,
    (SELECT count(*) FROM chat_members o WHERE o.chat_id = m.chat_id AND o.left_seq IS NULL
      AND o.role = 'owner') AS owners,
    (SELECT h.user_id FROM chat_members h WHERE h.chat_id = m.chat_id AND h.left_seq IS NULL
      AND h.user_id <> m.user_id
      ORDER BY h.role = 'member', h.joined_seq, h.user_id
      LIMIT 1) AS heir
  FROM chat_members m JOIN chat_chats c ON c.chat_id = m.chat_id
  WHERE m.user_id = :user AND m.left_seq IS NULL AND c.kind <> 'direct' LIMIT :count]]

-- true when there is more to do, false when not; or nil, err.
local function erase_messages(mesh, job)
  local count = mesh.config.expiryBatch
  local rows, err = mesh.db.query(MESSAGES, {
    user = job.user_id,
    device = job.device_id,
    client = job.client_msg_id,
    count = count,
  })
  if not rows then
    return nil, err
  end
  if #rows == 0 then
    return false
  end
  local last = rows[#rows]
  local ok, why = expire.tombstones(mesh, rows, {
    MOVE,
    { user = job.user_id, device = last.device_id, client = last.client_msg_id },
  })
  if not ok then
    return nil, why
  end
  return true
end

local function leave_groups(mesh, job)
  local rows, err = mesh.db.query(GROUPS, { user = job.user_id, count = GROUPS_A_ROUND })
  if not rows then
    return nil, err
  end
  for _, row in ipairs(rows) do
    local changes = {}
    if row.role == "owner" and row.owners == 1 and row.heir then
      changes[1] = { action = "role", userId = row.heir, role = "owner" }
    end
    changes[#changes + 1] = { action = "left", userId = job.user_id }
    local ok, why = roster.change(mesh, {
      chatId = row.chat_id,
      version = row.members_version,
      kind = row.kind,
      by = job.user_id,
      changes = changes,
    })
    -- A group that changed meanwhile is still in the next round's list.
    if not ok and not (why.data and why.data.stale) then
      return nil, why
    end
  end
  return #rows > 0
end

local function step(mesh, job)
  local more, err = erase_messages(mesh, job)
  if more == false then
    more, err = leave_groups(mesh, job)
  end
  if more == false then
    local who = { user = job.user_id }
    local batch = { { DONE, who } }
    for i, sql in ipairs(OWN) do
      batch[1 + i] = { sql, who }
    end
    local done, why = mesh.db.write(batch)
    if done then
      mesh.db.forget()
      mesh.bus.publish("chat.erased", { userId = job.user_id })
    end
    return done and true or nil, why
  end
  return more, err
end

local function work(mesh)
  for _ = 1, ROUNDS_MAX do
    local job, err = mesh.db.first(NEXT)
    if not job and not err then
      return
    end
    local ok, why = nil, err
    if job then
      ok, why = step(mesh, job)
    end
    if not ok then
      mesh.log.warn("an erasure waits", { error = why.type })
      return
    end
  end
end

local has_looked = false

local function on_tick(mesh)
  if not has_looked then
    has_looked = mesh.db.write { { FIND } } ~= nil
  end
  work(mesh)
end

local function on_erased(mesh, data)
  local noted, err = mesh.db.write { { NOTE, { user = data.userId } } }
  if not noted then
    mesh.log.warn("an erasure was not noted, the next start finds it", { error = err.type })
  end
end

function erase.register(mesh)
  mesh.bus.on("users.erased", { where = "one" }, on_erased)
  mesh.timer.on("erase", on_tick)
  mesh.timer.every("erase", EVERY_S, { where = "one" })
end

return erase
