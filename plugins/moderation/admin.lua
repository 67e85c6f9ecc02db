-- What moderators do: suspend users, delete messages, give roles, read the log.
local rules = require "rules"
local store = require "store"

local admin = {}

local SUSPENDED = "the account is suspended"
local OPERATOR = "operator" -- in the log: who runs the server, by a command

-- ---- users ----

local USER = [[
  SELECT u.username, u.created_at, r.role, s.reason, s.until_at, s.suspended_at,
    (SELECT count(*) FROM moderation_reports m WHERE m.user_id = u.user_id) AS reports
  FROM users_users u
    LEFT JOIN moderation_roles r ON r.user_id = u.user_id
    LEFT JOIN moderation_suspensions s ON s.user_id = u.user_id
  WHERE u.user_id = :user AND u.erased_at IS NULL]]

local function find_user(mesh, user_id)
  local row, err = mesh.db.first(USER, { user = user_id })
  if not row then
    return nil, err or mesh.error("not_found", "no such user")
  end
  return row
end

local function on_get(mesh, p)
  local row, err = find_user(mesh, p.userId)
  if not row then
    return nil, err
  end
  local result = {
    userId = p.userId,
    username = row.username,
    createdAt = row.created_at,
    role = row.role,
    reports = row.reports,
  }
  if row.suspended_at and rules.is_suspended(row, mesh.now()) then
    result.suspended = { reason = row.reason, at = row.suspended_at, ["until"] = row.until_at }
  end
  return result
end

-- The user's row when the caller may act on them; or nil, err.
local function target_of(mesh, p, caller, role)
  local row, err = find_user(mesh, p.userId)
  if not row then
    return nil, err
  end
  local ok, reason = rules.may_act_on(role, caller.userId, row.role, p.userId)
  if not ok then
    return nil, mesh.error("forbidden", reason)
  end
  return row
end

local SUSPEND = [[
  INSERT INTO moderation_suspensions (user_id, reason, until_at, suspended_by, suspended_at)
  VALUES (:user, :reason, :until, :by, mesh_now())
  ON CONFLICT (user_id) DO UPDATE SET reason = :reason, until_at = :until, suspended_by = :by,
    suspended_at = mesh_now()]]

-- Written before the logins end: a login at the same time either finds it written, or
-- is ended with the others.
local function on_suspend(mesh, p, caller, role)
  if p["until"] and p["until"] <= mesh.now() then
    return nil, mesh.error("invalid_params", "a time to come was expected", { path = "/until" })
  end
  local row, err = target_of(mesh, p, caller, role)
  if not row then
    return nil, err
  end
  local done, why = mesh.db.write {
    {
      SUSPEND,
      { user = p.userId, reason = p.reason, ["until"] = p["until"], by = caller.userId },
    },
    store.audit(caller.userId, "user.suspend", p.userId, p.reason),
  }
  if not done then
    return nil, why
  end
  local revoked, problem = mesh.call("users.revoke", { userId = p.userId })
  return revoked and {} or nil, problem
end

local UNSUSPEND = "DELETE FROM moderation_suspensions WHERE user_id = :user"

local function on_unsuspend(mesh, p, caller)
  local done, err = mesh.db.write {
    { UNSUSPEND, { user = p.userId }, expect = "one" },
    store.audit(caller.userId, "user.unsuspend", p.userId, p.reason),
  }
  if done then
    return {}
  end
  return nil, err.type == "guard" and mesh.error("not_found", "no such suspension") or err
end

local SUSPENSION = "SELECT until_at FROM moderation_suspensions WHERE user_id = :user"

local function on_login(mesh, event)
  local row, err = mesh.db.first(SUSPENSION, { user = event.userId })
  if err then
    return nil, "whether the account is suspended can't be told now"
  end
  if rules.is_suspended(row, mesh.now()) then
    return nil, SUSPENDED
  end
end

-- ---- messages ----

-- Noted first: nothing is deleted that is not in the log.
local function on_delete(mesh, p, caller)
  local target = rules.target_of_message(p.chatId, p.seq)
  local noted, err = mesh.db.write {
    store.audit(caller.userId, "message.delete", target, p.reason),
  }
  if not noted then
    return nil, err
  end
  local done, why = mesh.call("chat.tombstone", { chatId = p.chatId, seq = p.seq })
  if done then
    return {}
  end
  mesh.db.write { store.audit(caller.userId, "message.delete.failed", target, why.type) }
  return nil, why
end

-- ---- roles ----

local GRANT = [[
  INSERT INTO moderation_roles (user_id, role, granted_by, granted_at)
  VALUES (:user, :role, :by, mesh_now())
  ON CONFLICT (user_id) DO UPDATE SET role = :role, granted_by = :by, granted_at = mesh_now()]]
local REVOKE = "DELETE FROM moderation_roles WHERE user_id = :user"

local function set_role(mesh, user_id, role, by, reason)
  local change = role == "none" and { REVOKE, { user = user_id } }
    or { GRANT, { user = user_id, role = role, by = by } }
  local done, err = mesh.db.write { change, store.audit(by, "role." .. role, user_id, reason) }
  return done and {} or nil, err
end

local function on_role(mesh, p, caller, role)
  local row, err = target_of(mesh, p, caller, role)
  if not row then
    return nil, err
  end
  return set_role(mesh, p.userId, p.role, caller.userId, p.reason)
end

local BY_NAME = "SELECT user_id FROM users_users WHERE username_key = :key"

local function role_command(default)
  return function(mesh, args)
    local role = args.role or default
    if role ~= "none" and not rules.may(role, "moderator") then
      return nil, mesh.error("invalid_params", "the role is moderator or admin")
    end
    local row, err = mesh.db.first(BY_NAME, { key = args.name:lower() })
    if not row then
      return nil, err or mesh.error("not_found", "no such user")
    end
    local done, why = set_role(mesh, row.user_id, role, OPERATOR, "by command")
    return done and { userId = row.user_id, role = role } or nil, why
  end
end

-- ---- the log ----

local AUDIT = [[
  SELECT id, at, by, action, target, reason FROM moderation_audit
  WHERE id < :before ORDER BY id DESC LIMIT :count]]

local function on_audit(mesh, p)
  local before = math.maxinteger
  if p.cursor then
    local after, no = store.read_cursor(mesh, "audit", p.cursor)
    if not after then
      return nil, no
    end
    before = math.tointeger(tonumber(after))
  end
  local limit = p.limit or rules.PAGE_DEFAULT
  local rows, err = mesh.db.query(AUDIT, { before = before, count = limit + 1 })
  if not rows then
    return nil, err
  end
  local more = #rows > limit
  rows[limit + 1] = nil
  local last = rows[#rows]
  return {
    entries = rows,
    cursor = last and store.cursor(mesh, "audit", ("%d"):format(last.id)) or p.cursor or "",
    more = more,
  }
end

-- ---- wiring ----

local function register_users(mesh, s, id, reason)
  mesh.method("admin.user.get", {
    summary = "What moderators see of a user.",
    params = s.object { userId = id },
    result = s.object {
      userId = id,
      username = s.string {},
      createdAt = s.time(),
      ["role?"] = s.string {},
      reports = s.integer { minimum = 0 },
      ["suspended?"] = s.object { reason = s.string {}, at = s.time(), ["until?"] = s.time() },
    },
  }, store.guarded("moderator", on_get))
  mesh.method("admin.user.suspend", {
    summary = "Ends all logins of a user and refuses new ones.",
    params = s.object { userId = id, reason = reason, ["until?"] = s.time() },
  }, store.guarded("moderator", on_suspend))
  mesh.method("admin.user.unsuspend", {
    summary = "Lets a suspended user log in again.",
    params = s.object { userId = id, reason = reason },
  }, store.guarded("moderator", on_unsuspend))
  mesh.method("admin.user.role", {
    summary = "Makes a user a moderator or admin of this server, or neither; for admins.",
    params = s.object {
      userId = id,
      role = s.enum { "admin", "moderator", "none" },
      reason = reason,
    },
  }, store.guarded("admin", on_role))
end

local function register_rest(mesh, s, id, reason)
  mesh.method("admin.message.delete", {
    summary = "Deletes a message for all, in any chat.",
    params = s.object { chatId = id, seq = s.integer { minimum = 1 }, reason = reason },
  }, store.guarded("moderator", on_delete))
  mesh.method("admin.audit", {
    summary = "What moderators did, newest first.",
    params = s.object {
      ["cursor?"] = s.string { maxBytes = 256 },
      ["limit?"] = s.integer { minimum = 1, maximum = rules.PAGE_MAX },
    },
    result = s.object {
      entries = s.array(s.object {
        id = s.integer { minimum = 1 },
        at = s.time(),
        by = s.string {},
        action = s.string {},
        target = s.string {},
        reason = s.string {},
      }),
      cursor = s.string {},
      more = s.boolean(),
    },
  }, store.guarded("moderator", on_audit))
end

local function register_commands(mesh)
  local name = { name = "name", summary = "The username." }
  mesh.command("moderation grant", {
    summary = "Makes a user an admin of this server, or a moderator.",
    args = { name, { name = "role", optional = true, summary = "admin (default) or moderator." } },
  }, role_command("admin"))
  mesh.command("moderation revoke", {
    summary = "Takes a user's role away.",
    args = { name },
  }, role_command("none"))
end

function admin.register(mesh)
  local s = mesh.schema
  local id = s.id()
  local reason = s.string { minBytes = 1, maxBytes = rules.REASON_BYTES_MAX }
  register_users(mesh, s, id, reason)
  register_rest(mesh, s, id, reason)
  register_commands(mesh)
  mesh.hook("user.login", { stage = "validate", fail = "closed" }, on_login)
end

return admin
