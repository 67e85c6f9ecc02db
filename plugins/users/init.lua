-- users: accounts, logins and profiles. This file is the wiring; accounts,
-- sessions and profiles are what clients call, logins and tokens what they
-- stand on, and rules what is decided.
local accounts = require "accounts"
local erasure = require "erasure"
local logins = require "logins"
local passwords = require "passwords"
local profiles = require "profiles"
local sessions = require "sessions"
local totp = require "totp"

local users = {}

function users.start(mesh)
  passwords.start(mesh)
  logins.register(mesh)
  accounts.register(mesh)
  sessions.register(mesh)
  profiles.register(mesh)
  totp.register(mesh)
  erasure.register(mesh)
end

-- Serving needs the tables that the migrations made.
function users.probe(mesh)
  local _, err = mesh.db.first("SELECT 1 FROM users_users LIMIT 1")
  if err then
    return nil, err.message
  end
  return true
end

function users.save()
  return logins.save()
end

function users.restore(_, saved)
  logins.restore(saved)
end

return users
