-- accounts: registering, logging in, refreshing, and the password.
local logins = require "logins"
local passwords = require "passwords"
local rules = require "rules"
local tokens = require "tokens"
local totp = require "totp"

local accounts = {}

local NO_LOGIN = "the username or the password is wrong"
local NO_TOKEN = "the refresh token is not valid"

local login_point

local function append(list, more)
  for _, item in ipairs(more) do
    list[#list + 1] = item
  end
  return list
end

local function taken(mesh)
  return mesh.error("conflict", "the username is taken")
end

local INSERT = [[
  INSERT INTO users_users (user_id, username, username_key, password_hash, display_name,
    display_key, created_at)
  VALUES (:user, :username, :key, :hash, :display, :display_key, mesh_now())]]

-- Writes a user, with the statements of a login if one is wanted. The user id,
-- or nil and an error.
local function add_user(mesh, p, hash, login)
  local user_id = login and login.user or mesh.id("u_")
  local display = p.displayName and mesh.text.clean(p.displayName) or p.username
  if display == "" then
    return nil, rules.no_name(mesh)
  end
  local batch = {
    {
      INSERT,
      {
        user = user_id,
        username = p.username,
        key = rules.username_key(p.username),
        hash = hash,
        display = display,
        display_key = display:lower(),
      },
    },
  }
  if login then
    append(batch, logins.statements(mesh, login))
  end
  local results, err = mesh.db.write(batch)
  if not results then
    return nil, err.type == "constraint" and taken(mesh) or err
  end
  return user_id
end

local BY_NAME = [[
  SELECT u.user_id, u.password_hash, EXISTS (SELECT 1 FROM users_totp t
    WHERE t.user_id = u.user_id AND t.enabled_at IS NOT NULL) AS has_second_step
  FROM users_users u WHERE u.username_key = :key]]

local function by_name(mesh, username)
  return mesh.db.first(BY_NAME, { key = rules.username_key(username) })
end

-- The hash of a new user's password, or nil and why there can be no such user.
local function hash_for_new(mesh, p)
  -- Looked up before the expensive hash; the database has the last word anyway.
  local row, err = by_name(mesh, p.username)
  if err then
    return nil, err
  end
  if row then
    return nil, taken(mesh)
  end
  return mesh.crypto.password_hash(p.password)
end

local function answer(mesh, login, turn)
  local pair = tokens.pair(mesh, login.session, turn)
  pair.userId = login.user
  pair.deviceId = login.device
  return pair
end

local function on_register(mesh, p)
  if not mesh.config.openRegistration then
    return nil, mesh.error("forbidden", "registration is closed; ask whoever runs this server")
  end
  local hash, err = hash_for_new(mesh, p)
  if not hash then
    return nil, err
  end
  local login = logins.new(mesh, mesh.id("u_"), p.device)
  local user_id, why = add_user(mesh, p, hash, login)
  if not user_id then
    return nil, why
  end
  return answer(mesh, login, 1)
end

local REHASH = [[
  UPDATE users_users SET password_hash = :hash WHERE user_id = :user AND password_hash = :before]]

-- A hash made with yesterday's options is replaced while the password is at hand.
local function renewal(mesh, row, password)
  if not passwords.is_old(row.password_hash) then
    return {}
  end
  local hash = mesh.crypto.password_hash(password)
  if not hash then
    return {}
  end
  return { { REHASH, { hash = hash, user = row.user_id, before = row.password_hash } } }
end

-- The user's row, or nil and an error that does not tell what was wrong.
local function check_credentials(mesh, p)
  local row, err = by_name(mesh, p.username)
  if err then
    return nil, err
  end
  local ok, why = passwords.check(mesh, row and row.password_hash, p.password)
  if ok == nil then
    return nil, why
  end
  if not ok then
    return nil, mesh.error("unauthenticated", NO_LOGIN)
  end
  if row.has_second_step == 1 then
    ok, why = totp.use(mesh, row.user_id, p.code)
    if not ok then
      return nil, why
    end
  end
  return row
end

-- Asked once the login is written: who is suspended at the same time is either seen
-- here, or had the login revoked with all others.
local function ask_others(mesh, login, caller)
  local event, veto = login_point:run {
    userId = login.user,
    deviceId = login.device,
    sessionId = login.session,
    address = caller.address,
  }
  if event then
    return true
  end
  local _, err = logins.revoke(mesh, login.user, login.session)
  return nil, err or veto
end

local function on_login(mesh, p, caller)
  local row, err = check_credentials(mesh, p)
  if not row then
    return nil, err
  end
  local login = logins.new(mesh, row.user_id, p.device)
  local batch = logins.statements(mesh, login)
  local results, why = mesh.db.write(append(batch, renewal(mesh, row, p.password)))
  if not results then
    return nil, why
  end
  logins.announce_revoked(mesh, results[3]) -- those beyond the maximum
  local ok, veto = ask_others(mesh, login, caller)
  if not ok then
    return nil, veto
  end
  return answer(mesh, login, 1)
end

-- A reused token ends the family, whoever used it.
local function on_reuse(mesh, row)
  mesh.log.warn("a refresh token was used twice, its login is revoked", {
    user = row.user_id,
    session = row.session_id,
  })
  local count, err = logins.revoke(mesh, row.user_id, row.session_id)
  if not count then
    return nil, err
  end
  return nil, mesh.error("unauthenticated", NO_TOKEN)
end

local function on_refresh(mesh, p)
  local session_id, turn = tokens.read_refresh(mesh, p.refreshToken)
  if not session_id then
    return nil, mesh.error("unauthenticated", NO_TOKEN)
  end
  local row, err = logins.find(mesh, session_id)
  if not row then
    return nil, err or mesh.error("unauthenticated", NO_TOKEN)
  end
  local verdict = rules.refresh_verdict(turn, row)
  if verdict == "unknown" then
    return nil, mesh.error("unauthenticated", NO_TOKEN)
  end
  local used, why = false, nil
  if verdict == "good" then
    used, why = logins.use_turn(mesh, session_id, turn)
  end
  if why then
    return nil, why
  end
  if not used then
    return on_reuse(mesh, row)
  end
  return answer(mesh, {
    session = session_id,
    user = row.user_id,
    device = row.device_id,
  }, turn + 1)
end

-- ---- logged in ----

-- Changes the password and ends all other logins of the user.
local function on_password(mesh, p, caller)
  local before, err = passwords.check_own(mesh, caller, p.old)
  if not before then
    return nil, err
  end
  local hash, why = mesh.crypto.password_hash(p.new)
  if not hash then
    return nil, why
  end
  local results, problem = mesh.db.write {
    { REHASH, { hash = hash, user = caller.userId, before = before }, expect = "one" },
    { logins.REVOKE_OTHERS, { user = caller.userId, keep = caller.sessionId } },
  }
  if not results then
    return nil, problem
  end
  logins.announce_revoked(mesh, results[2])
  return {}
end

-- ---- for operators ----

local function on_user_add(mesh, args)
  local password = args.password or mesh.crypto.base64url(mesh.crypto.random(12))
  local ok, reason = rules.check_username(args.name)
  if ok then
    ok, reason = rules.check_password(password)
  end
  if not ok then
    return nil, mesh.error("invalid_params", reason)
  end
  local p = { username = args.name, password = password }
  local hash, err = hash_for_new(mesh, p)
  if not hash then
    return nil, err
  end
  local user_id, why = add_user(mesh, p, hash, nil)
  if not user_id then
    return nil, why
  end
  return {
    userId = user_id,
    username = args.name,
    password = not args.password and password or nil,
  }
end

-- ---- wiring ----

local function schemas(s)
  return {
    username = s.string {
      format = "username",
      minBytes = rules.USERNAME_BYTES_MIN,
      maxBytes = rules.USERNAME_BYTES_MAX,
      description = "3 to 32 of [a-z0-9_.-]; upper case is the same name.",
    },
    password = s.string {
      minBytes = rules.PASSWORD_BYTES_MIN,
      maxBytes = rules.PASSWORD_BYTES_MAX,
    },
    device = s.object {
      ["id?"] = s.string { description = "The deviceId of an earlier login on this device." },
      ["name?"] = s.string { maxBytes = rules.NAME_BYTES_MAX },
      ["platform?"] = s.string { maxBytes = rules.NAME_BYTES_MAX },
    },
    login = s.object {
      userId = s.id(),
      deviceId = s.id(),
      accessToken = s.string {},
      refreshToken = s.string {},
      expiresIn = s.integer { description = "Seconds until the access token is over." },
    },
  }
end

local function register_open(mesh, s, shapes)
  local config = mesh.config
  mesh.method("user.register", {
    summary = "Makes an account and a login.",
    auth = false,
    limit = {
      by = "address",
      perMinute = config.registrationsPerMinute,
      burst = config.registrationsPerMinute,
    },
    params = s.object {
      username = shapes.username,
      password = shapes.password,
      ["displayName?"] = s.string { minBytes = 1, maxBytes = rules.NAME_BYTES_MAX },
      ["device?"] = shapes.device,
    },
    result = shapes.login,
  }, on_register)
  mesh.method("user.login", {
    summary = "Makes a login of an account.",
    auth = false,
    limit = { by = "address", perMinute = config.loginsPerMinute, burst = config.loginsPerMinute },
    params = s.object {
      username = s.string { maxBytes = rules.NAME_BYTES_MAX },
      password = s.string { maxBytes = rules.PASSWORD_BYTES_MAX },
      ["code?"] = s.string {
        maxBytes = rules.CODE_BYTES_MAX,
        description = "Of the second step, or a recovery code.",
      },
      ["device?"] = shapes.device,
    },
    result = shapes.login,
  }, on_login)
  mesh.method("user.refresh", {
    summary = "Gives new tokens for a refresh token, which works once.",
    auth = false,
    params = s.object { refreshToken = s.string {} },
    result = shapes.login,
  }, on_refresh)
end

local function register_own(mesh, s, shapes)
  mesh.method("user.password", {
    summary = "Changes the password and ends all other logins.",
    limit = { by = "user", perMinute = 10, burst = 10 },
    params = s.object {
      old = s.string { maxBytes = rules.PASSWORD_BYTES_MAX },
      new = shapes.password,
    },
  }, on_password)
end

function accounts.register(mesh)
  local s = mesh.schema
  local shapes = schemas(s)
  login_point = mesh.point("user.login", {
    summary = "Somebody has shown the password; a veto refuses the login.",
    fields = s.object {
      userId = s.id(),
      deviceId = s.string {},
      sessionId = s.id(),
      ["address?"] = s.string {},
    },
  })
  register_open(mesh, s, shapes)
  register_own(mesh, s, shapes)
  mesh.command("user add", {
    summary = "Makes an account; prints a password when none is given.",
    args = {
      { name = "name", summary = "The username." },
      { name = "password", optional = true, secret = true, summary = "At least 8 bytes." },
    },
  }, on_user_add)
end

return accounts
