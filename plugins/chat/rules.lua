-- What the chat plugin decides, as functions without side effects. A refusal
-- is a table {type, message, data} that the caller turns into an error value.
local rules = {}

rules.THUMB_BYTES_MAX = 4096
rules.MENTIONS_MAX = 200
rules.SCHEME_BYTES_MAX = 64
rules.TYPE_BYTES_MAX = 64
rules.EMOJI_BYTES_MAX = 64
rules.EMOJIS_A_MESSAGE_MAX = 50
rules.EXPIRES_S_MAX = 366 * 86400
rules.PAGE_DEFAULT = 50
rules.PAGE_MAX = 200
rules.PAGE_BYTES_MAX = 512 * 1024 -- half an outbox, so an answer always fits one
rules.UNREAD_MAX = 100000
rules.MEMBERS_MAX = 20000
rules.HIDES_A_CALL_MAX = 200
rules.FOCUS_MAX = 50 -- chats that a passive session has open
rules.RETENTION_DAYS_MAX = 36500
rules.SCHEDULED_MAX = 100 -- messages of one user that wait
rules.SCHEDULE_MS_MAX = 366 * 86400 * 1000
rules.USER_IDS_LISTED_MAX = 20 -- above it a reaction tells its count only

local function refuse(type, message, data)
  return { type = type, message = message, data = data }
end
rules.refuse = refuse

-- Answers for an unknown chat and for a stranger's are this one, byte for byte.
rules.NO_CHAT = refuse("not_found", "no such chat")
rules.NO_MESSAGE = refuse("not_found", "no such message")
rules.NO_USER = refuse("not_found", "no such user")
rules.NOT_A_MEMBER = refuse("forbidden", "not a member any more")
rules.BLOCKED = refuse("forbidden", "blocked by the other side")
rules.LESSER_ROLE = refuse("forbidden", "the role does not allow this")
rules.OTHER_CONTENT = refuse("conflict", "this clientMsgId was used for something else")
rules.NOT_SCHEDULED = refuse("not_found", "no such scheduled message")
rules.BUSY = refuse("unavailable", "the chat changed meanwhile, try again")

function rules.invalid(path, message)
  return refuse("invalid_params", message, { path = path })
end

function rules.too_large(path, message)
  return refuse("too_large", message, { path = path })
end

-- ---- content ----

local function is_text(limit)
  return function(v)
    return type(v) == "string" and #v <= limit
  end
end

local function is_id(v)
  return type(v) == "string" and #v >= 1 and #v <= 64
end

local function is_count(v)
  return math.type(v) == "integer" and v >= 0
end

function rules.is_base64url(v)
  return type(v) == "string" and not v:find("[^%w_-]") and #v % 4 ~= 1
end

local MEDIA = {
  { "blobId", is_id, "an id of 1 to 64 bytes", required = true },
  { "name", is_text(255), "a text of at most 255 bytes" },
  { "mime", is_text(127), "a text of at most 127 bytes" },
  { "size", is_count, "an integer from 0" },
  { "width", is_count, "an integer from 0" },
  { "height", is_count, "an integer from 0" },
  { "durationMs", is_count, "an integer from 0" },
  { "thumb", rules.is_base64url, "base64url" },
}

local FIELDS = {
  text = {
    { "text", function(v) return type(v) == "string" end, "a text", required = true },
  },
  sealed = {
    { "ciphertext", rules.is_base64url, "base64url", required = true },
    { "scheme", is_text(rules.SCHEME_BYTES_MAX), "a text of at most 64 bytes", required = true },
  },
  image = MEDIA,
  video = MEDIA,
  audio = MEDIA,
  file = MEDIA,
}

function rules.is_open_type(kind)
  return type(kind) == "string" and #kind > 2 and #kind <= rules.TYPE_BYTES_MAX
    and kind:sub(1, 2) == "x."
end

-- Sizes are too_large rather than invalid_params, whoever checks them.
local function oversize(kind, content, text_bytes)
  if kind == "text" and #content.text > text_bytes then
    return rules.too_large("/content/text", "the text is over " .. text_bytes .. " bytes")
  end
  if kind == "sealed" and #content.ciphertext > 4 * text_bytes then
    return rules.too_large("/content/ciphertext", "the ciphertext is over its limit")
  end
  local thumb = FIELDS[kind] == MEDIA and content.thumb
  if thumb and #thumb * 3 // 4 > rules.THUMB_BYTES_MAX then
    return rules.too_large("/content/thumb", "the thumb is over 4096 bytes")
  end
end

-- Content that a schema has checked already: is it within its limits?
function rules.content_fits(kind, content, stored_bytes, text_bytes)
  local too_large = oversize(kind, content, text_bytes)
  if too_large then
    return nil, too_large
  end
  if rules.is_open_type(kind) and stored_bytes > 4 * text_bytes then
    return nil, rules.too_large("/content", "the content is over its limit")
  end
  return true
end

-- Content of which only the type is known: gives it without unknown members.
function rules.content(kind, content)
  if type(content) ~= "table" then
    return nil, rules.invalid("/content", "expected an object")
  end
  if rules.is_open_type(kind) then
    return content
  end
  local fields = FIELDS[kind]
  if not fields then
    return nil, rules.invalid("/type", "unknown type of message")
  end
  local clean = {}
  for _, field in ipairs(fields) do
    local name, check, expected = field[1], field[2], field[3]
    local value = content[name]
    if value == nil then
      if field.required then
        return nil, rules.invalid("/content/" .. name, "expected " .. expected)
      end
    elseif not check(value) then
      return nil, rules.invalid("/content/" .. name, "expected " .. expected)
    end
    clean[name] = value
  end
  return clean
end

-- ---- identity ----

-- The text whose keyed hash tells two uses of one clientMsgId apart. No value
-- can hold a zero byte, so joining with it is unambiguous.
function rules.fingerprint_text(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    local v = parts[i]
    parts[i] = v == nil and "-" or (type(v) == "string" and "=" .. v or "#" .. tostring(v))
  end
  return table.concat(parts, "\0", 1, parts.n)
end

function rules.direct_key(a, b)
  if b < a then
    a, b = b, a
  end
  return a .. "\0" .. b
end

-- Whether an entry with this identity answers the call: its row, or a conflict.
function rules.same_or_conflict(row, fingerprint)
  if row.fingerprint == fingerprint then
    return row
  end
  return nil, rules.OTHER_CONTENT
end

-- ---- places ----
-- A place is what a user is in a chat: the joined row of both, nil for a stranger.

function rules.may_read(place)
  if not place then
    return nil, rules.NO_CHAT
  end
  return true
end

function rules.is_admin(role)
  return role == "owner" or role == "admin"
end

function rules.is_in(place)
  if not place then
    return nil, rules.NO_CHAT
  end
  if place.left_seq then
    return nil, rules.NOT_A_MEMBER
  end
  return true
end

-- For what adds an entry: an active member whom the other side has not blocked.
function rules.may_write(place)
  local ok, no = rules.is_in(place)
  if ok and place.blocked == 1 then
    return nil, rules.BLOCKED
  end
  return ok, no
end

function rules.may_send(place)
  local ok, no = rules.may_write(place)
  if not ok then
    return nil, no
  end
  if place.admins_only == 1 and not rules.is_admin(place.role) then
    return nil, rules.LESSER_ROLE
  end
  if place.slow_mode_s > 0 and not rules.is_admin(place.role) then
    local wait_ms = place.last_sent_at + place.slow_mode_s * 1000 - place.now
    if wait_ms > 0 then
      return nil, refuse("rate_limited", "the chat is in slow mode", { retryAfterMs = wait_ms })
    end
  end
  return true
end

-- May it be sent later, as far as can be said now: slow mode is for then.
function rules.may_schedule(place)
  local ok, no = rules.may_write(place)
  if ok and place.admins_only == 1 and not rules.is_admin(place.role) then
    return nil, rules.LESSER_ROLE
  end
  return ok, no
end

function rules.schedule_fits(send_at, now, waiting)
  if send_at <= now then
    return nil, rules.invalid("/sendAt", "expected a time to come")
  elseif send_at > now + rules.SCHEDULE_MS_MAX then
    return nil, rules.invalid("/sendAt", "expected a time within a year")
  elseif waiting >= rules.SCHEDULED_MAX then
    return nil, refuse("too_large", "too many scheduled messages")
  end
  return true
end

-- A message within what the place may read, deleted or not.
function rules.may_see(place, target)
  if not target or target.kind ~= "message" or target.seq < place.first_seq then
    return nil, rules.NO_MESSAGE
  end
  return true
end

-- seen says how many of the targets the place sees.
function rules.may_hide(place, seen, targets)
  local ok, no = rules.may_read(place)
  if ok and seen < targets then
    return nil, rules.NO_MESSAGE
  end
  return ok, no
end

-- A list with each value once.
function rules.unique(list)
  local out, has = {}, {}
  for _, value in ipairs(list) do
    if not has[value] then
      has[value] = true
      out[#out + 1] = value
    end
  end
  return out
end

-- source is the row of the message, nil where the place does not see it.
function rules.may_forward(place, source)
  local ok, no = rules.may_read(place)
  if not ok then
    return nil, no
  end
  local is_there = source and source.kind == "message" and source.deleted == 0
    and source.hidden == 0
  if not is_there then
    return nil, rules.NO_MESSAGE
  end
  if source.type == "sealed" then
    return nil, rules.invalid("/from/seq", "sealed content is for its chat, its client forwards it")
  end
  return true
end

-- A target of an edit, a reaction, a pin: a message that I see and that is there.
function rules.may_target(place, target)
  local ok, no = rules.may_see(place, target)
  if ok and target.deleted == 1 then
    return nil, rules.NO_MESSAGE
  end
  return ok, no
end

function rules.may_edit(place, target, user)
  local ok, no = rules.may_write(place)
  if ok then
    ok, no = rules.may_target(place, target)
  end
  if ok and target.sender_id ~= user then
    ok, no = nil, refuse("forbidden", "only the sender edits a message")
  elseif ok and target.forwarded then
    ok, no = nil, refuse("forbidden", "a forwarded message stays what somebody else wrote")
  end
  return ok, no
end

-- true, or the seq of the deletion that was there first, or a refusal.
function rules.may_delete(place, target, user)
  local ok, no = rules.is_in(place)
  if ok then
    ok, no = rules.may_see(place, target)
  end
  if not ok then
    return nil, no
  end
  local is_mine = target.sender_id == user
  if not is_mine and (place.kind == "direct" or not rules.is_admin(place.role)) then
    return nil, refuse("forbidden", "only the sender and admins delete a message")
  end
  if target.deleted == 1 then
    return target.deleted_by_seq or target.seq
  end
  return true
end

-- true, or the seq of the reaction that is set already, or a refusal.
function rules.may_react(place, target, existing_seq, emojis, on)
  local ok, no = rules.may_write(place)
  if ok then
    ok, no = rules.may_target(place, target)
  end
  if not ok then
    return nil, no
  end
  if on and existing_seq then
    return existing_seq
  end
  if not on and not existing_seq then
    return nil, refuse("not_found", "no such reaction")
  end
  if on and emojis >= rules.EMOJIS_A_MESSAGE_MAX then
    return nil, refuse("too_large", "too many different reactions to this message")
  end
  return true
end

function rules.may_pin(place, target, on, pins, pins_max)
  local ok, no = rules.may_write(place)
  if not ok then
    return nil, no
  end
  if place.pin_admins == 1 and not rules.is_admin(place.role) then
    return nil, rules.LESSER_ROLE
  end
  ok, no = rules.may_target(place, target)
  if not ok then
    return nil, no
  end
  if on and pins >= pins_max then
    return nil, refuse("too_large", "too many pinned messages")
  end
  return true
end

-- ---- retention ----

-- Messages sent up to this time are not kept: the shorter of two limits in
-- days counts, 0 is none.
function rules.retained_from(chat_days, server_days, now)
  local days = chat_days
  if days == 0 or (server_days > 0 and server_days < days) then
    days = server_days
  end
  return days > 0 and now - days * 86400 * 1000 or 0
end

-- ---- history ----

-- The one mode that a call asked for: name and value, "newest" for none.
function rules.history_mode(params)
  local mode, value = "newest", nil
  for _, name in ipairs { "before", "after", "around", "at" } do
    if params[name] ~= nil then
      if mode ~= "newest" then
        return nil, rules.invalid("/" .. name, "only one of before, after, around and at")
      end
      mode, value = name, params[name]
    end
  end
  return mode, value
end

-- Seqs are gapless, so a page is arithmetic: first and last seq to read (first
-- above last means empty), within low and high, what the reader may see.
function rules.history_range(mode, value, limit, low, high)
  local from, to
  if mode == "newest" then
    from, to = high - limit + 1, high
  elseif mode == "before" then
    to = math.min(value - 1, high)
    from = to - limit + 1
  elseif mode == "after" then
    from = math.max(value + 1, low)
    to = from + limit - 1
  elseif mode == "at" then
    from = math.max(value, low)
    to = from + limit - 1
  else
    from = value - (limit - 1) // 2
    to = value + limit // 2
  end
  return math.max(from, low), math.min(to, high)
end

-- What of a page of entry sizes (ascending) fits an answer, nearest to what
-- was asked first: the indexes of the first and last entry to keep.
function rules.fit(sizes, bytes_max, mode, middle)
  local first, last = 1, #sizes
  local total = 0
  for _, size in ipairs(sizes) do
    total = total + size
  end
  while total > bytes_max and first < last do
    local drop_last = mode == "after" or mode == "at"
      or (mode == "around" and last - middle > middle - first)
    if drop_last then
      total, last = total - sizes[last], last - 1
    else
      total, first = total - sizes[first], first + 1
    end
  end
  return first, last
end

function rules.has_more(mode, first, last, low, high, value)
  if mode == "newest" then
    return first > low
  elseif mode == "before" then
    return first > low and value > low
  elseif mode == "after" or mode == "at" then
    return last < high
  end
  return first > low or last < high
end

return rules
