-- people: what this worker knows about the users that somebody here watches,
-- and who of all users is leaving (gone, but still in the grace).
local alarm = require "alarm"
local rules = require "rules"

local people = {}

local known = {} -- user id -> {status, text, until_at, last_seen_at, privacy, rev, sig, watchers}
local leaving = {} -- user id -> when the last session closed
local queue, head, tail = {}, 1, 0 -- the same in order of time: {user_id, at}
local next_until -- the earliest until_at of anybody known
local left = {} -- user id -> when; worker 0 writes them
local on_change = function() end

function people.on_change(fn)
  on_change = fn
end

function people.get(user_id)
  return known[user_id]
end

-- A user that somebody watches from now on; rev 0 until it was read.
function people.hold(user_id)
  local user = known[user_id]
  if not user then
    user = { rev = 0, watchers = {} }
    known[user_id] = user
  end
  return user
end

function people.drop(user_id)
  known[user_id] = nil
end

function people.is_here(mesh, user_id)
  return leaving[user_id] ~= nil or mesh.session.is_online(user_id)
end

local function note_until(mesh, user)
  if user.until_at and user.until_at > mesh.now() then
    if not next_until or user.until_at < next_until then
      next_until = user.until_at
    end
    alarm.at(mesh, user.until_at)
  end
end

-- Looks whether others see a user differently now, and tells those who watch.
function people.refresh(mesh, user_id)
  local user = known[user_id]
  if not user or user.rev == 0 then
    return
  end
  local sig = rules.signature(user, people.is_here(mesh, user_id), mesh.now())
  if sig ~= user.sig then
    local is_first = user.sig == nil
    user.sig = sig
    if not is_first then
      on_change(mesh, user_id)
    end
  end
end

-- Takes what was read or told, unless something newer is known.
function people.take(mesh, user_id, row)
  local user = known[user_id]
  if not user or row.rev < user.rev then
    return
  end
  user.rev = row.rev
  user.status, user.text, user.until_at = row.status, row.text, row.until_at
  user.last_seen_at = math.max(row.last_seen_at or 0, user.last_seen_at or 0)
  if user.last_seen_at == 0 then
    user.last_seen_at = nil
  end
  user.privacy = row.privacy or user.privacy
  note_until(mesh, user)
  people.refresh(mesh, user_id)
end

function people.set_privacy(user_id, privacy)
  if known[user_id] then
    known[user_id].privacy = privacy
  end
end

-- ---- coming and going ----

function people.on_opened(mesh, event)
  leaving[event.userId] = nil
  left[event.userId] = nil
  people.refresh(mesh, event.userId)
end

local function gone(mesh, user_id, at)
  if mesh.worker == 0 then
    left[user_id] = at
  end
  local user = known[user_id]
  if not user then
    return
  end
  if rules.chosen(user, at) ~= "invisible" then
    user.last_seen_at = math.max(user.last_seen_at or 0, at)
  end
  people.refresh(mesh, user_id)
end

function people.on_closed(mesh, event)
  if event.count > 0 then
    return
  end
  local now = mesh.now()
  if tail - head + 1 >= rules.LEAVING_MAX then
    gone(mesh, event.userId, now)
    return
  end
  leaving[event.userId] = now
  tail = tail + 1
  queue[tail] = { event.userId, now }
  alarm.at(mesh, now + rules.GRACE_MS)
end

local function end_graces(mesh, now)
  while head <= tail and queue[head][2] + rules.GRACE_MS <= now do
    local user_id, at = queue[head][1], queue[head][2]
    queue[head] = nil
    head = head + 1
    -- Who came back and left again has a later entry.
    if leaving[user_id] == at then
      leaving[user_id] = nil
      if not mesh.session.is_online(user_id) then
        gone(mesh, user_id, at)
      end
    end
  end
  if head > tail then
    queue, head, tail = {}, 1, 0
  end
end

local function end_untils(mesh, now)
  if not next_until or next_until > now then
    return
  end
  next_until = nil
  for user_id, user in pairs(known) do
    if user.until_at and user.until_at <= now then
      people.refresh(mesh, user_id)
    else
      note_until(mesh, user)
    end
  end
end

local LEFT = [[
  INSERT INTO presence_users (user_id, last_seen_at)
  SELECT user_id, :at FROM users_users WHERE user_id = :user AND erased_at IS NULL
  ON CONFLICT (user_id) DO UPDATE SET last_seen_at = max(coalesce(last_seen_at, 0), :at)
  WHERE status <> 'invisible' OR until_at <= :at]]
local BATCH = 200
local is_writing = false

local function take_left()
  local batch, taken = {}, {}
  for user_id, at in pairs(left) do
    batch[#batch + 1] = { LEFT, { user = user_id, at = at } }
    taken[user_id] = at
    if #batch == BATCH then
      break
    end
  end
  for user_id in pairs(taken) do
    left[user_id] = nil
  end
  return batch, taken
end

local function write_left(mesh)
  if is_writing then
    return
  end
  is_writing = true
  local batch, taken = take_left()
  while #batch > 0 do
    local _, err = mesh.db.write(batch)
    if err then
      mesh.log.warn("when users were last seen is not written", { error = err.type })
      for user_id, at in pairs(taken) do
        left[user_id] = left[user_id] or at -- with the next ones
      end
      break
    end
    batch, taken = take_left()
  end
  is_writing = false
end

alarm.add {
  due = function()
    local at = queue[head] and queue[head][2] + rules.GRACE_MS
    if next_until and (not at or next_until < at) then
      at = next_until
    end
    return at
  end,
  run = function(mesh, now)
    end_graces(mesh, now)
    end_untils(mesh, now)
    if next(left) and not is_writing then
      mesh.timer.after(0, "left")
    end
  end,
}

function people.register(mesh)
  mesh.timer.on("left", write_left)
end

-- ---- reload ----

function people.save()
  return {
    leaving = rules.some(leaving, rules.SAVED_LEAVING_MAX),
    left = rules.some(left, rules.SAVED_LEAVING_MAX),
  }
end

function people.put_back(user_id, user)
  user.watchers = {}
  known[user_id] = user
end

function people.restore(mesh, saved)
  local list = {}
  for user_id, at in pairs(saved.leaving or {}) do
    list[#list + 1] = { user_id, at }
    leaving[user_id] = at
  end
  table.sort(list, function(a, b)
    return a[2] < b[2]
  end)
  table.move(list, 1, #list, tail + 1, queue)
  tail = tail + #list
  for user_id, at in pairs(saved.left or {}) do
    left[user_id] = at
  end
  for _, user in pairs(known) do
    note_until(mesh, user)
  end
end

return people
