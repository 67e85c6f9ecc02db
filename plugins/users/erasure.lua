-- erasure: the end of an account.
local logins = require "logins"
local passwords = require "passwords"
local rules = require "rules"

local erasure = {}

local point

local ERASE = [[
  UPDATE users_users SET username = NULL, username_key = NULL, password_hash = NULL,
    display_name = NULL, display_key = NULL, avatar = NULL, about = NULL,
    privacy_last_seen = 'nobody', erased_at = mesh_now()
  WHERE user_id = :user AND erased_at IS NULL]]

local function statements(args)
  return {
    { ERASE, args, expect = "one" },
    { logins.REVOKE_OTHERS, args },
    { "DELETE FROM users_devices WHERE user_id = :user", args },
    { "DELETE FROM users_blocks WHERE user_id = :user OR blocked_id = :user", args },
    { "DELETE FROM users_totp WHERE user_id = :user", args },
    { "DELETE FROM users_recovery WHERE user_id = :user", args },
    {
      [[UPDATE users_logins SET device_name = NULL, device_platform = NULL
        WHERE user_id = :user]],
      args,
    },
  }
end

-- The hooks of user.erase may still refuse (a legal hold); when it is written
-- other plugins hear of users.erased and drop what they have.
local function on_erase(mesh, p, caller)
  local hash, err = passwords.check_own(mesh, caller, p.password)
  if not hash then
    return nil, err
  end
  local event, veto = point:run { userId = caller.userId }
  if not event then
    return nil, veto
  end
  local results, why = mesh.db.write(statements { user = caller.userId })
  if not results then
    return nil, why
  end
  logins.announce_revoked(mesh, results[2])
  mesh.bus.publish("users.erased", { userId = caller.userId })
  point:observe { userId = caller.userId }
  mesh.db.forget()
  mesh.log.info("a user was erased", { user = caller.userId })
  return {}
end

function erasure.register(mesh)
  local s = mesh.schema
  point = mesh.point("user.erase", {
    summary = "An account is about to be erased.",
    fields = s.object { userId = s.id() },
  })
  mesh.method("user.erase", {
    summary = "Ends the account: the name, the profile and all logins are gone.",
    limit = { by = "user", perMinute = 10, burst = 10 },
    params = s.object { password = s.string { maxBytes = rules.PASSWORD_BYTES_MAX } },
  }, on_erase)
end

return erasure
