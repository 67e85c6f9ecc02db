-- chosen: what users choose to be, told to their own devices and to plugins that
-- would ring. What others see of it is people.lua's.
local rules = require "rules"

local chosen = {}

local SET = [[
  INSERT INTO presence_users (user_id, status, text, until_at, quiet, last_seen_at)
  VALUES (:user, :status, :text, :until, :quiet,
    CASE WHEN :status = 'invisible' THEN mesh_now() END)
  ON CONFLICT (user_id) DO UPDATE SET
    last_seen_at = CASE
      WHEN :status = 'invisible' AND (status <> 'invisible' OR until_at <= mesh_now())
      THEN mesh_now() ELSE last_seen_at END,
    status = :status, text = :text, until_at = :until, quiet = :quiet
  RETURNING last_seen_at, mesh_rev() AS rev]]

local function cleaned(mesh, text)
  local clean = text and mesh.text.clean(text)
  return clean ~= "" and clean or nil
end

local function check(mesh, p)
  if p["until"] and p["until"] <= mesh.now() then
    return nil, mesh.error("invalid_params", "a time to come was expected", { path = "/until" })
  end
  if p.doNotDisturb and p.status ~= "busy" then
    return nil, mesh.error("invalid_params", "only who is busy is not disturbed", {
      path = "/doNotDisturb",
    })
  end
  return true
end

local function publish(mesh, user_id, p, row)
  mesh.bus.publish("presence.changed", {
    userId = user_id,
    status = p.status,
    text = p.text,
    until_at = p["until"],
    last_seen_at = row.last_seen_at,
    rev = row.rev,
  })
end

local function on_set(mesh, p, caller)
  local ok, no = check(mesh, p)
  if not ok then
    return nil, no
  end
  p.text = cleaned(mesh, p.text)
  local results, err = mesh.db.write {
    {
      SET,
      {
        user = caller.userId,
        status = p.status,
        text = p.text,
        ["until"] = p["until"],
        quiet = p.doNotDisturb and 1 or 0,
      },
    },
  }
  if not results then
    return nil, err
  end
  publish(mesh, caller.userId, p, results[1][1])
  mesh.session.deliver(caller.userId, "presence.chosen", {
    status = p.status,
    text = p.text,
    ["until"] = p["until"],
    doNotDisturb = p.doNotDisturb or false,
  }, { except = caller.connection })
  return {}
end

local GET = "SELECT status, text, until_at, quiet FROM presence_users WHERE user_id = :user"

local function on_get(mesh, _, caller)
  local row, err = mesh.db.first(GET, { user = caller.userId })
  if err then
    return nil, err
  end
  return rules.own(row or {}, mesh.now())
end

local QUIET = [[
  SELECT user_id FROM presence_users
  WHERE user_id IN (SELECT value FROM json_each(:ids)) AND quiet = 1 AND status = 'busy'
    AND (until_at IS NULL OR until_at > mesh_now())]]

local function on_quiet(mesh, p)
  local rows, err = mesh.db.query(QUIET, { ids = mesh.json.encode(mesh.json.array(p.userIds)) })
  if not rows then
    return nil, err
  end
  local ids = {}
  for i, row in ipairs(rows) do
    ids[i] = row.user_id
  end
  return { userIds = mesh.json.array(ids) }
end

local OWN = "SELECT status, text, until_at AS \"until\", last_seen_at AS lastSeenAt"
  .. " FROM presence_users WHERE user_id = :user"

local function on_export(mesh, event)
  local row, err = mesh.db.first(OWN, { user = event.userId })
  if err then
    error(err.message) -- an export without a part of it would be a lie
  end
  event.sections.presence = row
  return event
end

-- ---- wiring ----

function chosen.register(mesh)
  local s = mesh.schema
  local statuses = s.enum { "online", "away", "busy", "invisible" }
  local shape = s.object {
    status = statuses,
    ["text?"] = s.string {},
    ["until?"] = s.time(),
    doNotDisturb = s.boolean(),
  }
  mesh.method("presence.set", {
    summary = "Chooses what others see; `invisible` looks like `offline`.",
    limit = { by = "user", perMinute = 60, burst = 20 },
    params = s.object {
      status = statuses,
      ["text?"] = s.string { maxBytes = rules.TEXT_BYTES_MAX },
      ["until?"] = s.time(),
      ["doNotDisturb?"] = s.boolean(),
    },
  }, on_set)
  mesh.method("presence.get", {
    summary = "What the caller has chosen, as it is now.",
    result = shape,
  }, on_get)
  mesh.event("presence.chosen", {
    summary = "The user's choice was changed by another session of theirs.",
    params = shape,
  })
  local ids = s.array(s.id(), { maxItems = rules.QUIET_MAX })
  mesh.export("quiet", {
    summary = "Who of some users is not to be disturbed now.",
    params = s.object { userIds = ids },
    result = s.object { userIds = ids },
  }, on_quiet)
  mesh.hook("user.export", { stage = "transform", fail = "closed" }, on_export)
end

return chosen
