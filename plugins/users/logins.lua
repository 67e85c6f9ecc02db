-- logins: the rows of users_logins, and what this worker's memory knows about
-- them: which were revoked lately, and which were used since the last writing.
local rules = require "rules"

local logins = {}

local DAY_MS = 24 * 3600 * 1000
local REVOKED_DAYS = 7 -- rows kept, so that a reused token still revokes nothing new
local FLUSH_S = 30
local CLEAN_S = 3600
local BATCH = 200 -- statements in one transaction
local CLEAN_ROWS = 5000 -- rows removed in one transaction

local revoked, revoked_count = {}, 0 -- session id -> when; only for the upgrade check and races
local used, used_count = {}, 0 -- session id -> when it was last used, not yet written

-- ---- the memory ----

function logins.is_revoked(session_id)
  return revoked[session_id] ~= nil
end

local function forget_over(mesh)
  local over = mesh.now() - mesh.config.accessTokenS * 1000
  revoked_count = 0
  for id, at in pairs(revoked) do
    if at < over then
      revoked[id] = nil
    else
      revoked_count = revoked_count + 1
    end
  end
end

local function remember(id, at)
  if not revoked[id] and revoked_count < rules.REVOKED_KEPT_MAX then
    revoked[id] = at
    revoked_count = revoked_count + 1
  end
end

-- While the database can't be written some are forgotten, which costs a "last seen".
local function note_use(session_id, at)
  if used[session_id] == nil then
    if used_count >= rules.USED_KEPT_MAX then
      return
    end
    used_count = used_count + 1
  end
  used[session_id] = at
end

local function forget_use(session_id)
  if used[session_id] then
    used[session_id] = nil
    used_count = used_count - 1
  end
end

-- Notes that a login is in use, unless its row says nearly that already.
function logins.touch(row, now)
  if now - row.last_seen_at > rules.SEEN_EXACT_MS then
    note_use(row.session_id, now)
  end
end

local function first_of(map, count)
  local some = {}
  for key, value in pairs(map) do
    if count == 0 then
      break
    end
    some[key] = value
    count = count - 1
  end
  return some
end

function logins.save()
  return {
    revoked = first_of(revoked, rules.HANDED_OVER_MAX),
    used = first_of(used, rules.HANDED_OVER_MAX),
  }
end

function logins.restore(saved)
  for id, at in pairs(saved.revoked or {}) do
    remember(id, at)
  end
  for id, at in pairs(saved.used or {}) do
    note_use(id, at)
  end
end

-- ---- rows ----

local LOGIN = [[
  SELECT l.session_id, l.user_id, l.device_id, l.refresh_turn, l.last_seen_at, l.revoked_at,
    u.erased_at
  FROM users_logins l JOIN users_users u ON u.user_id = l.user_id
  WHERE l.session_id = :session]]

-- The row of a login that may be used now, by one read. nil and an error
-- otherwise; nil, nil when there is none.
function logins.find(mesh, session_id)
  local row, err = mesh.db.first(LOGIN, { session = session_id })
  if err then
    return nil, err
  end
  if not rules.check_login(row, mesh.now(), mesh.config.loginDays * DAY_MS) then
    return nil
  end
  return row
end

local INSERT = [[
  INSERT INTO users_logins (session_id, user_id, device_id, device_name, device_platform,
    created_at, last_seen_at)
  VALUES (:session, :user, :device, :name, :platform, mesh_now(), mesh_now())]]
local DEVICE = [[
  INSERT INTO users_devices (user_id, device_id, name, platform, first_login_at, last_login_at)
  VALUES (:user, :device, :name, :platform, mesh_now(), mesh_now())
  ON CONFLICT (user_id, device_id) DO UPDATE SET
    name = coalesce(:name, name), platform = coalesce(:platform, platform),
    last_login_at = mesh_now()]]
-- The ones of a user beyond the maximum: those not open now and unused for longest.
local TOO_MANY = [[
  UPDATE users_logins SET revoked_at = mesh_now()
  WHERE session_id IN (
    SELECT session_id FROM users_logins
    WHERE user_id = :user AND revoked_at IS NULL AND session_id <> :session
    ORDER BY session_id IN (SELECT value FROM json_each(:open)) DESC, last_seen_at DESC
    LIMIT -1 OFFSET :keep)
  RETURNING session_id]]

-- A new login, not yet written: the statements that write it go with others.
function logins.new(mesh, user_id, device)
  device = device or {}
  return {
    session = mesh.id("s_"),
    user = user_id,
    device = rules.device_id(device.id) or mesh.id("d_"),
    name = device.name and mesh.text.clean(device.name),
    platform = device.platform and mesh.text.clean(device.platform),
  }
end

-- The ids of a user's open sessions as a JSON array, for SQL.
local function open_ids(mesh, user_id)
  local ids = {}
  for i, session in ipairs(mesh.session.of(user_id)) do
    ids[i] = session.sessionId
  end
  return mesh.json.encode(mesh.json.array(ids))
end

function logins.statements(mesh, login)
  return {
    { INSERT, login },
    {
      DEVICE,
      {
        user = login.user,
        device = login.device,
        name = login.name,
        platform = login.platform,
      },
    },
    {
      TOO_MANY,
      {
        user = login.user,
        session = login.session,
        open = open_ids(mesh, login.user),
        keep = mesh.config.loginsMax - 1,
      },
    },
  }
end

-- Tells every worker, this one included: their open sessions of these logins
-- close, and the tokens are dead there from now on.
function logins.announce_revoked(mesh, rows)
  if #rows == 0 then
    return
  end
  local ids = {}
  for i, row in ipairs(rows) do
    ids[i] = row.session_id
  end
  -- Here and now, so that who asked gets the answer first and then the close.
  for _, id in ipairs(ids) do
    remember(id, mesh.now())
    mesh.session.close { sessionId = id }
  end
  mesh.bus.publish("users.revoked", { sessionIds = ids, at = mesh.now() })
end

local REVOKE_ONE = [[
  UPDATE users_logins SET revoked_at = mesh_now()
  WHERE user_id = :user AND session_id = :session AND revoked_at IS NULL RETURNING session_id]]
local REVOKE_DEVICE = [[
  UPDATE users_logins SET revoked_at = mesh_now()
  WHERE user_id = :user AND device_id = :device AND revoked_at IS NULL RETURNING session_id]]
logins.REVOKE_OTHERS = [[
  UPDATE users_logins SET revoked_at = mesh_now()
  WHERE user_id = :user AND session_id IS NOT :keep AND revoked_at IS NULL RETURNING session_id]]

local function revoke(mesh, sql, args)
  local results, err = mesh.db.write { { sql, args } }
  if not results then
    return nil, err
  end
  logins.announce_revoked(mesh, results[1])
  return #results[1]
end

-- How many were revoked, or nil and an error.
function logins.revoke(mesh, user_id, session_id)
  return revoke(mesh, REVOKE_ONE, { user = user_id, session = session_id })
end

function logins.revoke_device(mesh, user_id, device_id)
  return revoke(mesh, REVOKE_DEVICE, { user = user_id, device = device_id })
end

function logins.revoke_all(mesh, user_id)
  return revoke(mesh, logins.REVOKE_OTHERS, { user = user_id })
end

local TURN = [[
  UPDATE users_logins SET refresh_turn = refresh_turn + 1, last_seen_at = mesh_now()
  WHERE session_id = :session AND refresh_turn = :turn AND revoked_at IS NULL]]

-- Uses up one refresh token: true, or nil when another call was faster, or nil, err.
function logins.use_turn(mesh, session_id, turn)
  local results, err = mesh.db.write {
    { TURN, { session = session_id, turn = turn }, expect = "one" },
  }
  if results then
    return true
  end
  return nil, err.type ~= "guard" and err or nil
end

-- ---- background ----

local SEEN = [[
  UPDATE users_logins SET last_seen_at = max(last_seen_at, :at) WHERE session_id = :session]]

local function take_batch()
  local batch, taken = {}, {}
  for id, at in pairs(used) do
    batch[#batch + 1] = { SEEN, { session = id, at = at } }
    taken[#taken + 1] = id
    if #batch == BATCH then
      break
    end
  end
  for _, id in ipairs(taken) do
    forget_use(id)
  end
  return batch
end

local function on_flush(mesh)
  forget_over(mesh)
  local batch = take_batch()
  while #batch > 0 do
    local _, err = mesh.db.write(batch)
    if err then
      mesh.log.warn("when logins were last used is not written", { error = err.type })
      return
    end
    batch = take_batch()
  end
end

-- A login ends when it was not used for long; its row goes a while later.
local function on_clean(mesh)
  local now = mesh.now()
  local _, err = mesh.db.write {
    {
      [[DELETE FROM users_logins WHERE session_id IN (
          SELECT session_id FROM users_logins WHERE revoked_at < :over LIMIT :rows)]],
      { over = now - REVOKED_DAYS * DAY_MS, rows = CLEAN_ROWS },
    },
    {
      [[DELETE FROM users_logins WHERE session_id IN (
          SELECT session_id FROM users_logins
          WHERE revoked_at IS NULL AND last_seen_at < :over LIMIT :rows)]],
      { over = now - (mesh.config.loginDays + REVOKED_DAYS) * DAY_MS, rows = CLEAN_ROWS },
    },
  }
  if err then
    mesh.log.warn("old logins are not removed", { error = err.type })
  end
end

local function on_revoked(mesh, event)
  for _, id in ipairs(event.sessionIds) do
    remember(id, event.at)
    forget_use(id)
    mesh.session.close { sessionId = id }
  end
end

local function on_session_closed(mesh, event)
  if not revoked[event.sessionId] then
    note_use(event.sessionId, mesh.now())
  end
end

local RECENT = [[
  SELECT session_id, revoked_at FROM users_logins WHERE revoked_at > :since
  ORDER BY revoked_at DESC LIMIT :rows]]

function logins.register(mesh)
  mesh.bus.on("users.revoked", {}, on_revoked)
  mesh.bus.on("session.closed", { where = "one" }, on_session_closed)
  mesh.timer.on("flush", on_flush)
  mesh.timer.every("flush", FLUSH_S, { where = "all" })
  mesh.timer.on("clean", on_clean)
  mesh.timer.every("clean", CLEAN_S, { where = "one" })
  local rows, err = mesh.db.query(RECENT, {
    since = mesh.now() - mesh.config.accessTokenS * 1000,
    rows = rules.REVOKED_KEPT_MAX,
  })
  if not rows then
    error("the logins are not readable: " .. err.message)
  end
  for _, row in ipairs(rows) do
    remember(row.session_id, row.revoked_at)
  end
end

return logins
