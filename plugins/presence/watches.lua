-- watches: which sessions of this worker watch whom, and the updates they get.
local alarm = require "alarm"
local people = require "people"
local rules = require "rules"

local watches = {}

local READS_MAX = 3 -- a read that something overtook is repeated

-- connection -> {connection, user_id, ids, hidden, contact, dirty, sent_at}; ids, hidden, contact
-- and dirty are sets of user ids.
local by_connection = {}
local waiting = {} -- connection -> when its next update may go

local function facts_of(watch, user_id)
  return {
    own = watch.user_id == user_id,
    hidden = watch.hidden[user_id],
    contact = watch.contact[user_id],
  }
end

local function view(mesh, watch, user_id)
  local user = people.get(user_id)
  local here = people.is_here(mesh, user_id)
  return rules.view(user_id, user, facts_of(watch, user_id), here, mesh.now())
end

local function views(mesh, watch, ids)
  local users = {}
  for _, user_id in ipairs(ids) do
    local user = people.get(user_id)
    if watch.ids[user_id] and user and user.rev > 0 and not user.is_unknown then
      users[#users + 1] = view(mesh, watch, user_id)
    end
  end
  return users
end

-- ---- updates ----

local function flush(mesh, watch, now)
  local ids = {}
  for user_id in pairs(watch.dirty) do
    ids[#ids + 1] = user_id
  end
  watch.dirty = {}
  waiting[watch.connection] = nil
  local users = views(mesh, watch, ids)
  if #users > 0 then
    watch.sent_at = now
    mesh.session.send(watch.connection, "presence.update", { users = users }, { ephemeral = true })
  end
end

local function mark(mesh, watch, user_id)
  local now = mesh.now()
  watch.dirty[user_id] = true
  if not watch.is_read then
    return -- the answer of presence.watch will say it
  end
  if watch.sent_at + rules.UPDATE_MS <= now then
    flush(mesh, watch, now)
  elseif not waiting[watch.connection] then
    waiting[watch.connection] = watch.sent_at + rules.UPDATE_MS
    alarm.at(mesh, waiting[watch.connection])
  end
end

-- Whoever may not see a user does not hear that something changed, either.
local function on_change(mesh, user_id)
  for watch in pairs(people.get(user_id).watchers) do
    if not watch.hidden[user_id] then
      mark(mesh, watch, user_id)
    end
  end
end
people.on_change(on_change)

alarm.add {
  due = function()
    local earliest
    for _, at in pairs(waiting) do
      if not earliest or at < earliest then
        earliest = at
      end
    end
    return earliest
  end,
  run = function(mesh, now)
    local ready = {}
    for connection, at in pairs(waiting) do
      if at <= now then
        ready[#ready + 1] = connection
      end
    end
    for _, connection in ipairs(ready) do
      flush(mesh, by_connection[connection], now)
    end
  end,
}

-- ---- watching ----

local function unwatch(watch)
  by_connection[watch.connection] = nil
  waiting[watch.connection] = nil
  for user_id in pairs(watch.ids) do
    local user = people.get(user_id)
    if user then
      user.watchers[watch] = nil
      if not next(user.watchers) then
        people.drop(user_id)
      end
    end
  end
end

local function new_watch(connection, user_id, ids)
  local watch = {
    connection = connection,
    user_id = user_id,
    ids = {},
    hidden = {},
    contact = {},
    dirty = {},
    sent_at = 0,
    is_read = false,
    is_stale = false,
  }
  for _, id in ipairs(ids) do
    watch.ids[id] = true
    people.hold(id).watchers[watch] = true
  end
  local before = by_connection[connection]
  if before then
    watch.sent_at = before.sent_at
    unwatch(before) -- after the new one holds, so that what both watch stays known
  end
  by_connection[connection] = watch
  return watch
end

local READ = [[
  SELECT u.user_id, u.privacy_last_seen AS privacy, p.status, p.text, p.until_at, p.last_seen_at,
    mesh_rev() AS rev, EXISTS (SELECT 1 FROM users_blocks b
      WHERE b.user_id = u.user_id AND b.blocked_id = :viewer) AS hidden
  FROM users_users u LEFT JOIN presence_users p ON p.user_id = u.user_id
  WHERE u.user_id IN (SELECT value FROM json_each(:ids)) AND u.erased_at IS NULL]]

local function set_of(ids)
  local set = {}
  for _, id in ipairs(ids) do
    set[id] = true
  end
  return set
end

-- Which of some users the viewer shares a direct chat with; none while the chat plugin is down.
local function contacts_of(mesh, viewer, ids)
  if #ids == 0 then
    return {}
  end
  local got = mesh.call("chat.contacts", { userId = viewer, userIds = mesh.json.array(ids) })
  return got and set_of(got.userIds) or {}
end

-- Takes the rows of one read; gives the user ids whose last seen is for contacts.
local function take_rows(mesh, watch, rows)
  local hidden, found, for_contacts = {}, {}, {}
  for _, row in ipairs(rows) do
    row.rev = math.max(row.rev, 1)
    found[row.user_id] = true
    hidden[row.user_id] = row.hidden == 1 or nil
    if row.privacy == "contacts" and row.user_id ~= watch.user_id then
      for_contacts[#for_contacts + 1] = row.user_id
    end
    people.take(mesh, row.user_id, row)
  end
  watch.hidden = hidden
  for id in pairs(watch.ids) do
    local user = people.get(id)
    user.is_unknown = not found[id] or nil
  end
  return for_contacts
end

local function read(mesh, watch, ids)
  for _ = 1, READS_MAX do
    watch.is_stale = false
    local args = { ids = mesh.json.encode(mesh.json.array(ids)), viewer = watch.user_id }
    local rows, err = mesh.db.query(READ, args)
    if not rows then
      return nil, err
    end
    if by_connection[watch.connection] ~= watch then
      return true -- a newer watch of the session, or it closed
    end
    watch.contact = contacts_of(mesh, watch.user_id, take_rows(mesh, watch, rows))
    if not watch.is_stale then
      break
    end
  end
  return true
end

-- The users as the session sees them now; from here on it gets what changes.
function watches.watch(mesh, p, caller)
  local ids = rules.distinct(p.userIds)
  -- Held before it is read, so that no change falls between.
  local watch = new_watch(caller.connection, caller.userId, ids)
  local ok, err = read(mesh, watch, ids)
  if not ok then
    if by_connection[watch.connection] == watch then
      unwatch(watch)
    end
    return nil, err
  end
  watch.is_read = true
  watch.dirty = {}
  return { users = views(mesh, watch, ids) }
end

function watches.on_closed(connection)
  local watch = by_connection[connection]
  if watch then
    unwatch(watch)
  end
end

-- Watches that were being read when the code was replaced: their answer came
-- from the old code, so all of it is told once more.
local function on_unread(mesh)
  local list = {}
  for _, watch in pairs(by_connection) do
    if not watch.is_read then
      list[#list + 1] = watch
    end
  end
  for _, watch in ipairs(list) do
    local ids = {}
    for user_id in pairs(watch.ids) do
      ids[#ids + 1] = user_id
    end
    if read(mesh, watch, ids) and by_connection[watch.connection] == watch then
      watch.is_read = true
      watch.dirty = set_of(ids)
      flush(mesh, watch, mesh.now())
    end
  end
end

function watches.register(mesh)
  mesh.timer.on("unread", on_unread)
end

-- ---- what changes between two users ----

function watches.on_blocked(mesh, event)
  local user = people.get(event.userId)
  if not user then
    return
  end
  for watch in pairs(user.watchers) do
    if watch.user_id == event.blockedId then
      watch.is_stale = true
      watch.hidden[event.userId] = event.on or nil
      mark(mesh, watch, event.userId)
    end
  end
end

local PRIVACY = "SELECT privacy_last_seen AS privacy FROM users_users WHERE user_id = :user"

local function refresh_contacts(mesh, user_id, user)
  local viewers = {}
  for watch in pairs(user.watchers) do
    viewers[#viewers + 1] = watch.user_id
  end
  viewers = rules.distinct(viewers)
  for first = 1, #viewers, rules.WATCH_MAX do
    local some = table.move(viewers, first, math.min(#viewers, first + rules.WATCH_MAX - 1), 1, {})
    local contacts = contacts_of(mesh, user_id, some)
    for watch in pairs(user.watchers) do
      watch.contact[user_id] = watch.contact[user_id] or contacts[watch.user_id]
    end
  end
end

function watches.on_privacy(mesh, user_id)
  if not people.get(user_id) then
    return
  end
  local row = mesh.db.first(PRIVACY, { user = user_id })
  local user = people.get(user_id)
  if not row or not user then
    return
  end
  people.set_privacy(user_id, row.privacy)
  if row.privacy == "contacts" then
    refresh_contacts(mesh, user_id, user)
  end
  for watch in pairs(user.watchers) do
    watch.is_stale = true
  end
  on_change(mesh, user_id)
end

function watches.on_erased(mesh, user_id)
  local user = people.get(user_id)
  if not user then
    return
  end
  user.privacy = "nobody"
  people.refresh(mesh, user_id)
end

-- ---- reload ----

local function numbers_of(set, index)
  local list = {}
  for user_id in pairs(set) do
    list[#list + 1] = index[user_id]
  end
  return rules.pack_numbers(list)
end

local function pack_watch(watch, index)
  return {
    connection = watch.connection,
    user = watch.user_id,
    sent = watch.sent_at,
    ids = numbers_of(watch.ids, index),
    hidden = numbers_of(watch.hidden, index),
    contact = numbers_of(watch.contact, index),
    dirty = numbers_of(watch.dirty, index),
    unread = not watch.is_read or nil,
  }
end

-- Each user once, and in the watches by number: names would not fit.
function watches.save()
  local saved = { users = {}, list = {}, dropped = 0 }
  local index, bytes = {}, 0
  for _, watch in pairs(by_connection) do
    if bytes < rules.SAVED_BYTES_MAX then
      for user_id in pairs(watch.ids) do
        if not index[user_id] then
          local packed = rules.pack_user(user_id, people.get(user_id))
          saved.users[#saved.users + 1] = packed
          index[user_id] = #saved.users
          bytes = bytes + #packed + 4
        end
      end
      local packed = pack_watch(watch, index)
      saved.list[#saved.list + 1] = packed
      bytes = bytes + #packed.ids + #packed.hidden + #packed.contact + #packed.dirty + 120
    else
      saved.dropped = saved.dropped + 1
    end
  end
  return saved
end

local function set_from(text, names)
  local set = {}
  for _, number in ipairs(rules.unpack_numbers(text)) do
    set[names[number]] = true
  end
  return set
end

local function unpack_watch(mesh, packed, names)
  local watch = {
    connection = packed.connection,
    user_id = packed.user,
    ids = set_from(packed.ids, names),
    hidden = set_from(packed.hidden, names),
    contact = set_from(packed.contact, names),
    dirty = set_from(packed.dirty, names),
    sent_at = packed.sent,
    is_read = not packed.unread,
    is_stale = false,
  }
  for user_id in pairs(watch.ids) do
    people.get(user_id).watchers[watch] = true
  end
  by_connection[watch.connection] = watch
  if watch.is_read and next(watch.dirty) then
    waiting[watch.connection] = watch.sent_at + rules.UPDATE_MS
  end
end

function watches.restore(mesh, saved)
  local names = {}
  for i, packed in ipairs(saved.users or {}) do
    local user_id, user = rules.unpack_user(packed)
    names[i] = user_id
    people.put_back(user_id, user)
  end
  for _, packed in ipairs(saved.list or {}) do
    unpack_watch(mesh, packed, names)
  end
  mesh.timer.after(0, "unread")
  if (saved.dropped or 0) > 0 then
    mesh.log.warn("more is watched than a reload can hand over", { sessions = saved.dropped })
  end
end

return watches
