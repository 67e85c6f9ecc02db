-- sessions: an open connection of a login, and whose a bearer token is.
local logins = require "logins"
local rules = require "rules"
local tokens = require "tokens"

local sessions = {}

local BAD_TOKEN = "the token is not valid or over"

-- The login of a token, by one read of the database.
local function login_of(mesh, token)
  local session_id = tokens.read_access(mesh, token)
  if not session_id then
    return nil, mesh.error("unauthenticated", BAD_TOKEN)
  end
  local row, err = logins.find(mesh, session_id)
  if not row then
    return nil, err or mesh.error("unauthenticated", BAD_TOKEN)
  end
  return row
end

-- A second session.open without a token is about the same session again.
local function login_for(mesh, p, caller)
  local token = p.token or caller.token
  if token then
    return login_of(mesh, token)
  end
  if caller.sessionId then
    return {
      session_id = caller.sessionId,
      user_id = caller.userId,
      device_id = caller.deviceId,
      last_seen_at = mesh.now(),
    }
  end
  return nil, mesh.error("unauthenticated", "a token is needed")
end

-- Makes the connection the login's. From here on it gets events.
local function subscribe(mesh, login, caller)
  local ok, err = mesh.session.open {
    userId = login.user_id,
    deviceId = login.device_id,
    sessionId = login.session_id,
  }
  if not ok then
    return nil, err
  end
  -- A revocation between our read and now closed what was open then.
  if logins.is_revoked(login.session_id) then
    mesh.session.close { connection = caller.connection }
    return nil, mesh.error("unauthenticated", BAD_TOKEN)
  end
  return true
end

local function on_open(mesh, p, caller, point)
  if not caller.connection then
    return nil, mesh.error("invalid_params", "only a WebSocket can be a session")
  end
  local login, err = login_for(mesh, p, caller)
  if not login then
    return nil, err
  end
  local ok, why = subscribe(mesh, login, caller)
  if not ok then
    return nil, why
  end
  -- Only now do others read, so that nothing falls between a cursor and the first event.
  local event, veto = point:run {
    userId = login.user_id,
    sessionId = login.session_id,
    deviceId = login.device_id,
  }
  if not event then
    mesh.session.close { connection = caller.connection }
    return nil, veto
  end
  logins.touch(login, mesh.now())
  return {
    sessionId = login.session_id,
    userId = login.user_id,
    deviceId = login.device_id,
    serverTime = mesh.now(),
    cursor = event.cursor,
    limits = mesh.limits,
    capabilities = mesh.plugins(),
  }
end

local LIST = [[
  SELECT session_id, device_id, device_name, device_platform, created_at, last_seen_at
  FROM users_logins WHERE user_id = :user AND revoked_at IS NULL
  ORDER BY last_seen_at DESC LIMIT :rows]]

local function on_list(mesh, _, caller)
  local rows, err = mesh.db.query(LIST, { user = caller.userId, rows = mesh.config.loginsMax })
  if not rows then
    return nil, err
  end
  local open = {}
  for _, session in ipairs(mesh.session.of(caller.userId)) do
    open[session.sessionId] = true
  end
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = {
      sessionId = row.session_id,
      deviceId = row.device_id,
      device = { id = row.device_id, name = row.device_name, platform = row.device_platform },
      createdAt = row.created_at,
      lastSeenAt = open[row.session_id] and mesh.now() or row.last_seen_at,
      current = row.session_id == caller.sessionId,
    }
  end
  return { sessions = list }
end

local function on_revoke(mesh, p, caller)
  if (p.sessionId == nil) == (p.deviceId == nil) then
    return nil, mesh.error("invalid_params", "either sessionId or deviceId is needed")
  end
  local count, err
  if p.sessionId then
    count, err = logins.revoke(mesh, caller.userId, p.sessionId)
  else
    count, err = logins.revoke_device(mesh, caller.userId, p.deviceId)
  end
  if not count then
    return nil, err
  end
  if count == 0 then
    return nil, mesh.error("not_found", "you have no such login")
  end
  return {}
end

local function on_logout(mesh, _, caller)
  local count, err = logins.revoke(mesh, caller.userId, caller.sessionId)
  if not count then
    return nil, err
  end
  return {}
end

-- For other plugins: ends all logins of a user, at once and everywhere.
local function on_revoke_all(mesh, p)
  local count, err = logins.revoke_all(mesh, p.userId)
  if not count then
    return nil, err
  end
  return { count = count }
end

-- ---- bearer tokens ----

local function on_bearer(mesh, token)
  local login, err = login_of(mesh, token)
  if not login then
    return nil, err
  end
  logins.touch(login, mesh.now())
  return { userId = login.user_id, deviceId = login.device_id, sessionId = login.session_id }
end

-- Decides by the token's code and this worker's memory; session.open looks into the database.
local function on_upgrade(mesh, token)
  local session_id = tokens.read_access(mesh, token)
  return session_id ~= nil and not logins.is_revoked(session_id) or nil
end

-- ---- wiring ----

local function register_open(mesh, s)
  local id, count = s.id(), s.integer { minimum = 0 }
  local point = mesh.point("session.open", {
    summary = "A session was opened; a transform may set the cursor of its answer.",
    fields = s.object {
      userId = id,
      sessionId = id,
      deviceId = id,
      ["cursor?"] = s.string {},
    },
  })
  mesh.method("session.open", {
    summary = "Makes this connection a session of a login.",
    auth = false,
    params = s.object { ["token?"] = s.string {} },
    result = s.object {
      sessionId = id,
      userId = id,
      deviceId = id,
      serverTime = s.time(),
      ["cursor?"] = s.string { description = "For sync.pull, as of the opening." },
      limits = s.map(count),
      capabilities = s.array(s.object { name = s.string {}, version = s.string {} }),
    },
  }, function(_, p, caller)
    return on_open(mesh, p, caller, point)
  end)
end

local function register_own(mesh, s)
  local id = s.id()
  mesh.method("session.list", {
    summary = "The logins of the caller.",
    params = s.object {},
    result = s.object {
      sessions = s.array(s.object {
        sessionId = id,
        deviceId = id,
        device = s.object {
          ["id?"] = s.string {},
          ["name?"] = s.string {},
          ["platform?"] = s.string {},
        },
        createdAt = s.time(),
        lastSeenAt = s.time(),
        current = s.boolean(),
      }),
    },
  }, on_list)
  mesh.method("session.revoke", {
    summary = "Ends a login of the caller, or all on a device.",
    params = s.object {
      ["sessionId?"] = id,
      ["deviceId?"] = s.string { minBytes = 1, maxBytes = rules.DEVICE_ID_BYTES_MAX },
    },
  }, on_revoke)
  mesh.method("user.logout", {
    summary = "Ends the login of this session.",
    params = s.object {},
  }, on_logout)
end

function sessions.register(mesh)
  register_open(mesh, mesh.schema)
  register_own(mesh, mesh.schema)
  mesh.export("revoke", {
    summary = "Ends all logins of a user; their sessions close 4403.",
    params = mesh.schema.object { userId = mesh.schema.id() },
    result = mesh.schema.object { count = mesh.schema.integer { minimum = 0 } },
  }, on_revoke_all)
  mesh.auth { bearer = on_bearer, upgrade = on_upgrade }
end

return sessions
