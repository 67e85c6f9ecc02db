-- presence: who is there, and who is writing. Each worker knows the users that
-- its own sessions watch; what changes is told to all workers by the bus.
local alarm = require "alarm"
local chosen = require "chosen"
local people = require "people"
local rules = require "rules"
local typing = require "typing"
local watches = require "watches"

local presence = {}

local function on_watch(mesh, p, caller)
  if not caller.connection then
    return nil, mesh.error("invalid_params", "only a WebSocket session can watch")
  end
  return watches.watch(mesh, p, caller)
end

local function on_changed(mesh, event)
  people.take(mesh, event.userId, event)
end

local function on_closed(mesh, event)
  watches.on_closed(event.connection)
  people.on_closed(mesh, event)
end

local function on_updated(mesh, event)
  if event.privacy then
    watches.on_privacy(mesh, event.userId)
  end
end

local function on_erased(mesh, event)
  watches.on_erased(mesh, event.userId)
  if mesh.worker == 0 then
    mesh.db.write {
      { "DELETE FROM presence_users WHERE user_id = :user", { user = event.userId } },
    }
  end
end

local MISSED = [[
  DELETE FROM presence_users
  WHERE user_id IN (SELECT user_id FROM users_users WHERE erased_at IS NOT NULL)]]

-- The news of an erasure is lost when the server dies at that moment.
local function forget_missed(mesh)
  local done = mesh.worker == 0 and mesh.db.write { { MISSED } }
  if done and done[1].changes > 0 then
    mesh.db.forget()
  end
end

local function register_methods(mesh)
  local s = mesh.schema
  local id = s.id()
  local users = s.object {
    users = s.array(s.object {
      userId = id,
      status = s.enum { "online", "away", "busy", "offline" },
      ["text?"] = s.string {},
      ["lastSeenAt?"] = s.time(),
    }),
  }
  mesh.method("presence.watch", {
    summary = "Who of some users is there; presence.update tells what changes.",
    params = s.object { userIds = s.array(id, { maxItems = rules.WATCH_MAX }) },
    result = users,
  }, on_watch)
  mesh.event("presence.update", {
    summary = "Watched users whose presence changed, at most once a second.",
    params = users,
  })
end

function presence.start(mesh)
  alarm.register(mesh)
  people.register(mesh)
  watches.register(mesh)
  typing.register(mesh)
  chosen.register(mesh)
  register_methods(mesh)
  mesh.bus.on("presence.changed", {}, on_changed)
  mesh.bus.on("session.opened", {}, people.on_opened)
  mesh.bus.on("session.closed", {}, on_closed)
  mesh.bus.on("users.blocked", {}, watches.on_blocked)
  mesh.bus.on("users.updated", {}, on_updated)
  mesh.bus.on("users.erased", {}, on_erased)
  forget_missed(mesh)
end

-- Serving needs the tables that the migrations made.
function presence.probe(mesh)
  local _, err = mesh.db.first("SELECT 1 FROM presence_users LIMIT 1")
  if err then
    return nil, err.message
  end
  return true
end

function presence.save()
  return {
    people = people.save(),
    watches = watches.save(),
    typing = typing.save(),
    alarm = alarm.save(),
  }
end

function presence.restore(mesh, saved)
  alarm.restore(saved.alarm or 0)
  watches.restore(mesh, saved.watches or {})
  people.restore(mesh, saved.people or {})
  typing.restore(mesh, saved.typing or {})
  alarm.arm(mesh)
end

return presence
