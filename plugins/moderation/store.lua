-- Roles, the audit log, and what both files of methods need.
local rules = require "rules"

local store = {}

local ROLE = "SELECT role FROM moderation_roles WHERE user_id = :user"

-- The role of a user: nil when none; or nil, err.
function store.role(mesh, user_id)
  local row, err = mesh.db.first(ROLE, { user = user_id })
  return row and row.role, err
end

-- The caller's role when it is enough; or nil, err. Looked at before anything else, so
-- that others learn nothing from these methods.
function store.check(mesh, caller, needed)
  local role, err = store.role(mesh, caller.userId)
  if err then
    return nil, err
  end
  if not rules.may(role, needed) then
    return nil, mesh.error("forbidden", "for moderators only")
  end
  return role
end

-- The handler of a method that takes a role; handler(mesh, p, caller, role).
function store.guarded(needed, handler)
  return function(mesh, p, caller)
    local role, err = store.check(mesh, caller, needed)
    if not role then
      return nil, err
    end
    return handler(mesh, p, caller, role)
  end
end

local AUDIT = [[
  INSERT INTO moderation_audit (at, by, action, target, reason)
  VALUES (mesh_now(), :by, :action, :target, :reason)]]

-- The statement that notes who did what to whom and why.
function store.audit(by, action, target, reason)
  return { AUDIT, { by = by, action = action, target = target, reason = reason or "" } }
end

local MODERATORS = "SELECT user_id FROM moderation_roles LIMIT :most"

function store.tell_moderators(mesh, event, params)
  local rows = mesh.db.query(MODERATORS, { most = rules.MODERATORS_TOLD_MAX }) or {}
  local ids = {}
  for i, row in ipairs(rows) do
    ids[i] = row.user_id
  end
  mesh.session.deliver(ids, event, params)
end

-- ---- cursors, sealed so that only ours are taken ----

local function seal_of(mesh, list, after)
  return mesh.crypto.base64url(mesh.crypto.mac("cursor", list .. "\0" .. after):sub(1, 12))
end

function store.cursor(mesh, list, after)
  return mesh.crypto.base64url(after) .. "." .. seal_of(mesh, list, after)
end

-- What a cursor of this list was made of; nil, err when it is none of it.
function store.read_cursor(mesh, list, cursor)
  local body, seal = cursor:match("^([%w_-]+)%.([%w_-]+)$")
  local after = body and mesh.crypto.base64url_decode(body)
  if after and mesh.crypto.equal(seal, seal_of(mesh, list, after)) then
    return after
  end
  return nil, mesh.error("invalid_params", "not a cursor of this list", { path = "/cursor" })
end

return store
