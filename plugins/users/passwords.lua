-- passwords: whether one is somebody's, in the same time whoever asks.
local rules = require "rules"

local passwords = {}

-- Verified when nobody has the name, so that an unknown user takes the path
-- and the time of a wrong password. Nobody knows its password.
local dummy_hash

-- Whether the password is that of the hash; a missing hash takes as long and is false.
-- nil and an error when it can't be told now.
function passwords.check(mesh, hash, password)
  local ok, err = mesh.crypto.password_verify(hash or dummy_hash, password)
  if ok == nil then
    return nil, err
  end
  return ok and hash ~= nil
end

-- Whether a hash was made with other options than today's.
function passwords.is_old(hash)
  return rules.hash_options(hash) ~= rules.hash_options(dummy_hash)
end

local OWN_HASH = [[SELECT password_hash FROM users_users WHERE user_id = :user]]

-- The stored hash when the password is the caller's, or nil and an error.
function passwords.check_own(mesh, caller, password)
  local row, err = mesh.db.first(OWN_HASH, { user = caller.userId })
  if err then
    return nil, err
  end
  local hash = row and row.password_hash
  local ok, why = passwords.check(mesh, hash, password)
  if ok == nil then
    return nil, why
  end
  if not ok then
    return nil, mesh.error("unauthenticated", "the password is wrong")
  end
  return hash
end

function passwords.start(mesh)
  local hash, err = mesh.crypto.password_hash(mesh.crypto.base64url(mesh.crypto.random(24)))
  if not hash then
    error("no password can be hashed: " .. err.message)
  end
  dummy_hash = hash
end

return passwords
