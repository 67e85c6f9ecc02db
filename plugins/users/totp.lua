-- totp: codes of an authenticator app as the second step of a login (RFC 6238),
-- and recovery codes for who has lost it.
local passwords = require "passwords"
local rules = require "rules"

local totp = {}

local SECRET_BYTES = 20 -- as RFC 4226 recommends
local KEY = "totp"

local function sealed(mesh, user_id, secret)
  return mesh.db.blob(mesh.crypto.seal(KEY, secret, user_id))
end

local function mac_of(mesh, user_id, code)
  return mesh.crypto.hex(mesh.crypto.mac("recovery", user_id .. "\0" .. rules.plain_code(code)))
end

-- The time step whose code this is, looking a step to each side; nil for none.
local function step_of(mesh, secret, code)
  local now = mesh.now() // rules.TOTP_STEP_MS
  local found
  for step = now - 1, now + 1 do
    if mesh.crypto.equal(mesh.crypto.totp(secret, step * rules.TOTP_STEP_MS), code) then
      found = step
    end
  end
  return found
end

-- ---- at a login ----

local function needs_code(mesh, message)
  return mesh.error("unauthenticated", message, { needs = "code" })
end

local function no_code(mesh)
  return needs_code(mesh, "the code is wrong or was used before")
end

-- Counted before it is looked at, so that guesses at once are counted one by one.
local TRY = [[
  UPDATE users_totp SET tries = tries + 1,
    wait_until = CASE WHEN tries + 1 < :free THEN 0
      ELSE mesh_now() + min(:most, :first << min(tries + 1 - :free, 16)) END
  WHERE user_id = :user AND enabled_at IS NOT NULL AND wait_until <= mesh_now()
  RETURNING secret]]
local WAIT = [[
  SELECT max(wait_until - mesh_now(), 1) AS ms FROM users_totp WHERE user_id = :user]]

local function take_try(mesh, user_id)
  local results, err = mesh.db.write {
    {
      TRY,
      {
        user = user_id,
        free = rules.CODE_TRIES_FREE,
        first = rules.CODE_WAIT_FIRST_MS,
        most = rules.CODE_WAIT_MS_MAX,
      },
      expect = "one",
    },
  }
  if results then
    return mesh.crypto.open(KEY, results[1][1].secret, user_id)
  elseif err.type ~= "guard" then
    return nil, err
  end
  local row, why = mesh.db.first(WAIT, { user = user_id })
  if not row then
    return nil, why or needs_code(mesh, "the second step was changed meanwhile")
  end
  return nil, mesh.error("rate_limited", "too many wrong codes", { retryAfterMs = row.ms })
end

local USE_STEP = [[
  UPDATE users_totp SET last_step = :step, tries = 0, wait_until = 0
  WHERE user_id = :user AND last_step < :step]]
local USE_RECOVERY = "DELETE FROM users_recovery WHERE user_id = :user AND code_mac = :mac"
local CLEAR_TRIES = "UPDATE users_totp SET tries = 0, wait_until = 0 WHERE user_id = :user"

-- The statements that use a code up, the first of which must hold; nil for a wrong one.
local function uses_up(mesh, user_id, secret, code)
  if rules.is_recovery_code(code) then
    local args = { user = user_id, mac = mac_of(mesh, user_id, code) }
    return { { USE_RECOVERY, args, expect = "one" }, { CLEAR_TRIES, { user = user_id } } }
  end
  local step = step_of(mesh, secret, code)
  return step and { { USE_STEP, { user = user_id, step = step }, expect = "one" } }
end

-- Uses a code up: true, or nil and an error that says a code is needed.
function totp.use(mesh, user_id, code)
  if not code then
    return nil, needs_code(mesh, "a code of the second step is needed")
  end
  local secret, err = take_try(mesh, user_id)
  if not secret then
    return nil, err
  end
  local batch = uses_up(mesh, user_id, secret, code)
  local used, why
  if batch then
    used, why = mesh.db.write(batch)
  end
  if used then
    return true
  end
  return nil, why and why.type ~= "guard" and why or no_code(mesh)
end

-- ---- turning it on and off ----

local BEGIN = [[
  INSERT INTO users_totp (user_id, secret) VALUES (:user, :secret)
  ON CONFLICT (user_id) DO UPDATE SET secret = :secret WHERE enabled_at IS NULL]]
local NAME = "SELECT username FROM users_users WHERE user_id = :user"

local function on_begin(mesh, p, caller)
  local hash, err = passwords.check_own(mesh, caller, p.password)
  if not hash then
    return nil, err
  end
  local secret = mesh.crypto.random(SECRET_BYTES)
  local args = { user = caller.userId, secret = sealed(mesh, caller.userId, secret) }
  local results, why = mesh.db.write {
    { BEGIN, args, expect = "one" },
    { NAME, { user = caller.userId } },
  }
  if not results then
    return nil, why.type == "guard" and mesh.error("conflict", "the second step is on") or why
  end
  local text = rules.base32(secret)
  return { secret = text, uri = rules.otpauth(mesh.config.issuer, results[2][1].username, text) }
end

local PENDING = "SELECT secret FROM users_totp WHERE user_id = :user AND enabled_at IS NULL"
local ENABLE = [[
  UPDATE users_totp SET enabled_at = mesh_now(), last_step = :step, tries = 0, wait_until = 0
  WHERE user_id = :user AND enabled_at IS NULL AND secret = :secret]]
local DROP_CODES = "DELETE FROM users_recovery WHERE user_id = :user"
local ADD_CODE = "INSERT INTO users_recovery (user_id, code_mac) VALUES (:user, :mac)"

local function new_codes(mesh, user_id)
  local codes, batch = {}, {}
  for i = 1, rules.RECOVERY_CODES do
    codes[i] = rules.recovery_code(mesh.crypto.random(rules.RECOVERY_BYTES))
    batch[i] = { ADD_CODE, { user = user_id, mac = mac_of(mesh, user_id, codes[i]) } }
  end
  return codes, batch
end

local function on_enable(mesh, p, caller)
  local row, err = mesh.db.first(PENDING, { user = caller.userId })
  if not row then
    return nil, err or mesh.error("conflict", "begin first; or it is on already")
  end
  local secret, broken = mesh.crypto.open(KEY, row.secret, caller.userId)
  if not secret then
    return nil, broken
  end
  local step = step_of(mesh, secret, p.code)
  if not step then
    return nil, no_code(mesh)
  end
  local codes, adds = new_codes(mesh, caller.userId)
  local batch = {
    {
      ENABLE,
      { user = caller.userId, step = step, secret = mesh.db.blob(row.secret) },
      expect = "one",
    },
    { DROP_CODES, { user = caller.userId } },
  }
  table.move(adds, 1, #adds, 3, batch)
  local results, why = mesh.db.write(batch)
  if not results then
    return nil, why
  end
  return { recoveryCodes = codes }
end

local DISABLE = "DELETE FROM users_totp WHERE user_id = :user"

local function remove(mesh, user_id)
  local results, err = mesh.db.write {
    { DISABLE, { user = user_id } },
    { DROP_CODES, { user = user_id } },
  }
  return results and {} or nil, err
end

local function on_disable(mesh, p, caller)
  local hash, err = passwords.check_own(mesh, caller, p.password)
  if not hash then
    return nil, err
  end
  local state, why = totp.state(mesh, caller.userId)
  if not state then
    return nil, why
  end
  if state.enabled then
    local used, no = totp.use(mesh, caller.userId, p.code)
    if not used then
      return nil, no
    end
  end
  return remove(mesh, caller.userId)
end

local STATE = [[
  SELECT EXISTS (SELECT 1 FROM users_totp WHERE user_id = :user AND enabled_at IS NOT NULL) AS on_,
    (SELECT count(*) FROM users_recovery WHERE user_id = :user) AS codes]]

function totp.state(mesh, user_id)
  local row, err = mesh.db.first(STATE, { user = user_id })
  if not row then
    return nil, err
  end
  return { enabled = row.on_ == 1, recoveryCodesLeft = row.codes }
end

local function on_get(mesh, _, caller)
  return totp.state(mesh, caller.userId)
end

-- ---- for operators ----

local BY_NAME = "SELECT user_id FROM users_users WHERE username_key = :key"

local function on_off_command(mesh, args)
  local row, err = mesh.db.first(BY_NAME, { key = rules.username_key(args.name) })
  if not row then
    return nil, err or mesh.error("not_found", "no such user")
  end
  return remove(mesh, row.user_id)
end

function totp.register(mesh)
  local s = mesh.schema
  local password = s.string { maxBytes = rules.PASSWORD_BYTES_MAX }
  local code = s.string { maxBytes = rules.CODE_BYTES_MAX }
  local limit = { by = "user", perMinute = 20, burst = 10 }
  mesh.method("user.totp.get", {
    summary = "Whether the caller's logins have a second step.",
    result = s.object { enabled = s.boolean(), recoveryCodesLeft = s.integer { minimum = 0 } },
  }, on_get)
  mesh.method("user.totp.begin", {
    summary = "Gives a secret for an authenticator app; user.totp.enable turns it on.",
    limit = limit,
    params = s.object { password = password },
    result = s.object { secret = s.string {}, uri = s.string {} },
  }, on_begin)
  mesh.method("user.totp.enable", {
    summary = "Makes codes of the app the second step of each login.",
    limit = limit,
    params = s.object { code = code },
    result = s.object { recoveryCodes = s.array(s.string {}) },
  }, on_enable)
  mesh.method("user.totp.disable", {
    summary = "Takes the second step off.",
    limit = limit,
    params = s.object { password = password, ["code?"] = code },
  }, on_disable)
  mesh.command("user totp off", {
    summary = "Takes the second step off for a user who has lost the app and the codes.",
    args = { { name = "name", summary = "The username." } },
  }, on_off_command)
end

return totp
