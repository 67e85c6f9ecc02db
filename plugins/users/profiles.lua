-- profiles: what others see of a user, whom a user has blocked, and a copy of
-- what the server has about one.
local rules = require "rules"

local profiles = {}

local SEARCH_DEFAULT = 20
local COLUMNS = "u.user_id, u.username, u.display_name"
-- Whom somebody has blocked: who sees neither more of them than a name, nor finds them.
local BLOCKS_VIEWER = [[EXISTS (SELECT 1 FROM users_blocks b
    WHERE b.user_id = u.user_id AND b.blocked_id = :viewer)]]

local function profile_list(rows)
  local users = {}
  for i, row in ipairs(rows) do
    users[i] = rules.profile(row)
  end
  return { users = users }
end

local GET = "SELECT " .. COLUMNS .. ", CASE WHEN hidden THEN NULL ELSE avatar END AS avatar,"
  .. " CASE WHEN hidden THEN NULL ELSE about END AS about"
  .. " FROM (SELECT *, " .. BLOCKS_VIEWER .. [[ AS hidden FROM users_users u
    WHERE user_id IN (SELECT value FROM json_each(:ids)) AND erased_at IS NULL) u]]

local function on_get(mesh, p, caller)
  local ids = mesh.json.encode(mesh.json.array(p.userIds))
  local rows, err = mesh.db.query(GET, { ids = ids, viewer = caller.userId })
  if not rows then
    return nil, err
  end
  return profile_list(rows)
end

local function found_by(key)
  return "SELECT user_id FROM (SELECT user_id FROM users_users u WHERE " .. key .. " >= :from AND "
    .. key .. " < :upto AND NOT " .. BLOCKS_VIEWER .. " ORDER BY " .. key .. " LIMIT :rows)"
end

local SEARCH = "SELECT " .. COLUMNS .. ", avatar, about FROM users_users u WHERE user_id IN ("
  .. found_by("username_key") .. " UNION " .. found_by("display_key")
  .. ") ORDER BY username_key <> :from, username_key LIMIT :rows"

-- By the beginning of the username or the display name; the exact username first.
local function on_search(mesh, p, caller)
  local from = mesh.text.clean(p.query):lower()
  if from == "" then
    return { users = {} }
  end
  local rows, err = mesh.db.query(SEARCH, {
    from = from,
    upto = rules.after_prefix(from),
    rows = p.limit or SEARCH_DEFAULT,
    viewer = caller.userId,
  })
  if not rows then
    return nil, err
  end
  return profile_list(rows)
end

local function update_statement(set, user_id)
  local parts, args = {}, { user = user_id }
  for i, c in ipairs(set) do
    parts[i] = c[1] .. " = :" .. c[1]
    args[c[1]] = c[2]
  end
  return "UPDATE users_users SET " .. table.concat(parts, ", ") .. " WHERE user_id = :user", args
end

-- Texts as mesh.text leaves them; nil and an error when no name is left.
local function cleaned(mesh, p)
  if p.displayName then
    p.displayName = mesh.text.clean(p.displayName)
    if p.displayName == "" then
      return nil, rules.no_name(mesh)
    end
  end
  if p.about and p.about ~= mesh.null then
    p.about = mesh.text.clean(p.about, { lines = true })
  end
  return p
end

local function on_update(mesh, sent, caller)
  local p, no = cleaned(mesh, sent)
  if not p then
    return nil, no
  end
  local set = rules.changes(p, mesh.null)
  if #set == 0 then
    return {}
  end
  local sql, args = update_statement(set, caller.userId)
  local results, err = mesh.db.write { { sql, args, expect = "one" } }
  if not results then
    return nil, err
  end
  mesh.bus.publish("users.updated", { userId = caller.userId, privacy = p.privacy ~= nil })
  return {}
end

-- ---- blocks ----

local KNOWN = [[SELECT 1 AS known FROM users_users WHERE user_id = :other AND erased_at IS NULL]]
local ROOM = [[
  SELECT 1 FROM users_users WHERE user_id = :user AND :max <= (
    SELECT count(*) FROM users_blocks WHERE user_id = :user)]]
local BLOCK = [[
  INSERT INTO users_blocks (user_id, blocked_id, created_at) VALUES (:user, :other, mesh_now())
  ON CONFLICT DO NOTHING]]
local UNBLOCK = [[DELETE FROM users_blocks WHERE user_id = :user AND blocked_id = :other]]

local function tell_block(mesh, user_id, other, on)
  mesh.bus.publish("users.blocked", { userId = user_id, blockedId = other, on = on })
  return {}
end

local function block_error(mesh, err)
  if err.type ~= "guard" then
    return err
  end
  if err.at == 1 then
    return mesh.error("not_found", "no such user")
  end
  return mesh.error("too_large", "too many users are blocked")
end

local function on_block(mesh, p, caller)
  if p.userId == caller.userId then
    return nil, mesh.error("invalid_params", "nobody can block themselves", { path = "/userId" })
  end
  local pair = { user = caller.userId, other = p.userId }
  local results, err = mesh.db.write {
    { KNOWN, { other = p.userId }, expect = "one" },
    { ROOM, { user = caller.userId, max = rules.BLOCKS_MAX }, expect = "none" },
    { BLOCK, pair },
  }
  if not results then
    return nil, block_error(mesh, err)
  end
  return tell_block(mesh, caller.userId, p.userId, true)
end

local function on_unblock(mesh, p, caller)
  local pair = { user = caller.userId, other = p.userId }
  local results, err = mesh.db.write { { UNBLOCK, pair } }
  if not results then
    return nil, err
  end
  return tell_block(mesh, caller.userId, p.userId, false)
end

-- ---- export ----

local OWN = [[
  SELECT user_id AS userId, username, display_name AS displayName, avatar, about,
    privacy_last_seen AS lastSeen, privacy_read_receipts AS readReceipts, created_at AS createdAt,
    EXISTS (SELECT 1 FROM users_totp t WHERE t.user_id = u.user_id AND t.enabled_at IS NOT NULL)
      AS secondStep
  FROM users_users u WHERE user_id = :user]]
local DEVICES = [[
  SELECT device_id AS deviceId, name, platform, first_login_at AS firstLoginAt,
    last_login_at AS lastLoginAt
  FROM users_devices WHERE user_id = :user ORDER BY last_login_at DESC LIMIT 1000]]
local LOGINS = [[
  SELECT session_id AS sessionId, device_id AS deviceId, created_at AS createdAt,
    last_seen_at AS lastSeenAt, revoked_at AS revokedAt
  FROM users_logins WHERE user_id = :user ORDER BY created_at DESC LIMIT 1000]]
local BLOCKS = [[
  SELECT blocked_id AS userId, created_at AS createdAt
  FROM users_blocks WHERE user_id = :user LIMIT :max]]

local function on_export(mesh, _, caller, point)
  local args = { user = caller.userId }
  local got, err = mesh.db.read {
    { OWN, args },
    { DEVICES, args },
    { LOGINS, args },
    { BLOCKS, { user = caller.userId, max = rules.BLOCKS_MAX } },
  }
  if not got then
    return nil, err
  end
  local event, veto = point:run {
    userId = caller.userId,
    sections = {
      user = got[1][1],
      devices = mesh.json.array(got[2]),
      logins = mesh.json.array(got[3]),
      blocked = mesh.json.array(got[4]),
    },
  }
  if not event then
    return nil, veto
  end
  return { exportedAt = mesh.now(), sections = event.sections }
end

-- ---- wiring ----

local function register_profiles(mesh, s)
  local text = { maxBytes = rules.NAME_BYTES_MAX }
  local users = s.object {
    users = s.array(s.object {
      userId = s.id(),
      username = s.string {},
      displayName = s.string {},
      ["avatar?"] = s.string {},
      ["about?"] = s.string {},
    }),
  }
  mesh.method("user.get", {
    summary = "Profiles by user id; unknown ones are left out.",
    params = s.object { userIds = s.array(s.id(), { maxItems = rules.IDS_MAX }) },
    result = users,
  }, on_get)
  mesh.method("user.search", {
    summary = "Profiles by the beginning of the username or the display name.",
    params = s.object {
      query = s.string { minBytes = 1, maxBytes = text.maxBytes },
      ["limit?"] = s.integer { minimum = 1, maximum = rules.SEARCH_MAX, default = SEARCH_DEFAULT },
    },
    result = users,
  }, on_search)
  mesh.method("user.update", {
    summary = "Changes the caller's profile; null empties avatar and about.",
    params = s.object {
      ["displayName?"] = s.string { minBytes = 1, maxBytes = text.maxBytes },
      ["avatar?"] = s.nullable(s.id()),
      ["about?"] = s.nullable(s.string { maxBytes = rules.ABOUT_BYTES_MAX }),
      ["privacy?"] = s.object {
        ["lastSeen?"] = s.enum { "everyone", "contacts", "nobody" },
        ["readReceipts?"] = s.boolean(),
      },
    },
  }, on_update)
end

local function register_blocks(mesh, s)
  local params = s.object { userId = s.id() }
  mesh.method("user.block", {
    summary = "Keeps a user from writing to the caller and seeing when they are there.",
    params = params,
  }, on_block)
  mesh.method("user.unblock", { summary = "Takes a block back.", params = params }, on_unblock)
end

function profiles.register(mesh)
  local s = mesh.schema
  register_profiles(mesh, s)
  register_blocks(mesh, s)
  local point = mesh.point("user.export", {
    summary = "A user asks for a copy of their data; a transform adds its section.",
    fields = s.object { userId = s.id(), sections = s.open_object {} },
  })
  mesh.method("user.export", {
    summary = "A copy of what the server has about the caller.",
    limit = { by = "user", perMinute = 6, burst = 3 },
    params = s.object {},
    result = s.object { exportedAt = s.time(), sections = s.open_object {} },
  }, function(_, p, caller)
    return on_export(mesh, p, caller, point)
  end)
end

return profiles
