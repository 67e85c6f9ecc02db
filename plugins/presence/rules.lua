-- What the presence plugin decides, without doing anything.
local rules = {}

rules.GRACE_MS = 10 * 1000 -- a phone that changes its network is not offline
rules.UPDATE_MS = 1000 -- one presence.update a session in this time
rules.SILENCE_MS = 6 * 1000 -- clients repeat themselves every 3 s; two missed means silence
rules.REPEAT_MS = 1000 -- the same state sooner is not sent on again
rules.CHECK_MS = 6 * 1000 -- a writer's place in the chat is looked up this often
rules.WATCH_MAX = 200 -- users a session watches
rules.TEXT_BYTES_MAX = 256
rules.QUIET_MAX = 1000 -- users asked about at once by who would ring
rules.LEAVING_MAX = 100000 -- users in their grace; more are offline at once
rules.WRITERS_MAX = 10000 -- typing on one worker; more are not told
-- What a reload hands over has 1 MiB at most: the watches, and some of each of the rest.
rules.SAVED_BYTES_MAX = 600000
rules.SAVED_LEAVING_MAX = 3000
rules.SAVED_WRITERS_MAX = 300
rules.SAVED_OTHERS_MAX = 10 -- members of a chat; of larger ones the writers are forgotten

-- What a user chose, as of now: a status that ran out is `online` again.
function rules.chosen(user, now)
  if user.until_at and user.until_at <= now then
    return "online", nil
  end
  return user.status or "online", user.text
end

-- What a user is told of their own choice, as of now.
function rules.own(row, now)
  local status, text = rules.chosen(row, now)
  local holds = status == row.status
  return {
    status = status,
    text = text,
    ["until"] = holds and row.until_at or nil,
    doNotDisturb = holds and status == "busy" and row.quiet == 1,
  }
end

-- What everybody may see: status and text, `offline` for who is not here or does not want to be.
function rules.public(user, here, now)
  local status, text = rules.chosen(user, now)
  if not here or status == "invisible" then
    return "offline", nil
  end
  return status, text
end

-- Equal for two moments between which nobody saw a difference.
function rules.signature(user, here, now)
  local status, text = rules.public(user, here, now)
  if status == "offline" then
    return "offline|" .. (user.last_seen_at or "")
  end
  return status .. "|" .. (text or "")
end

-- Whether somebody may see when a user was last here, and why.
function rules.may_see_last_seen(user, facts)
  if facts.own then
    return true, "own"
  end
  if facts.hidden then
    return false, "blocked"
  end
  if user.privacy == "everyone" then
    return true, "everyone"
  end
  if user.privacy == "contacts" and facts.contact then
    return true, "contact"
  end
  return false, user.privacy
end

-- A user as one watcher sees them; facts is {own, hidden, contact}.
function rules.view(user_id, user, facts, here, now)
  local status, text = rules.public(user, here, now)
  if facts.hidden then
    status, text = "offline", nil
  end
  local view = { userId = user_id, status = status, text = text }
  if status == "offline" and rules.may_see_last_seen(user, facts) then
    view.lastSeenAt = user.last_seen_at
  end
  return view
end

-- A user id list without what comes twice, in order.
function rules.distinct(ids)
  local seen, list = {}, {}
  for _, id in ipairs(ids) do
    if not seen[id] then
      seen[id] = true
      list[#list + 1] = id
    end
  end
  return list
end

-- Who hears that a user writes: the members but the user and those the user
-- has blocked, as rows of {blocked_id}.
function rules.others(ids, user_id, blocked)
  local out, list = { [user_id] = true }, {}
  for _, row in ipairs(blocked) do
    out[row.blocked_id] = true
  end
  for _, id in ipairs(ids) do
    if not out[id] then
      list[#list + 1] = id
    end
  end
  return list
end

-- At most so many entries of a map.
function rules.some(map, count)
  local some = {}
  for key, value in pairs(map) do
    if count == 0 then
      break
    end
    some[key] = value
    count = count - 1
  end
  return some
end

-- Whether a repeated state is news to the others.
function rules.is_news(writer, state, now)
  return writer.state ~= state or now - writer.told_at >= rules.REPEAT_MS
end

-- ---- what a reload hands over, as few long strings ----

-- Numbers from 1 as one string, three bytes or so each.
function rules.pack_numbers(list)
  if #list == 0 then
    return ""
  end
  return utf8.char(table.unpack(list))
end

function rules.unpack_numbers(text)
  local list = {}
  for _, number in utf8.codes(text, true) do
    list[#list + 1] = number
  end
  return list
end

function rules.pack_user(user_id, user)
  return table.concat({
    user_id,
    user.rev,
    user.privacy or "",
    user.status or "",
    user.until_at or "",
    user.last_seen_at or "",
    user.sig or "",
    user.text or "",
  }, "\0")
end

local function text_of(field)
  return field ~= "" and field or nil
end

local function integer_of(field)
  return field ~= "" and math.tointeger(tonumber(field)) or nil
end

function rules.unpack_user(packed)
  local fields = {}
  for field in (packed .. "\0"):gmatch("([^\0]*)\0") do
    fields[#fields + 1] = field
  end
  return fields[1], {
    rev = integer_of(fields[2]),
    privacy = text_of(fields[3]),
    status = text_of(fields[4]),
    until_at = integer_of(fields[5]),
    last_seen_at = integer_of(fields[6]),
    sig = text_of(fields[7]),
    text = text_of(fields[8]),
  }
end

return rules
