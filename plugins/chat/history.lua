-- chat.history: pages of the log, within what the reader may see.
local entry = require "entry"
local rules = require "rules"
local store = require "store"

local history = {}

local RANGE = [[
  FROM chat_entries e WHERE e.chat_id = :chat AND e.seq BETWEEN :from AND :to ORDER BY e.seq]]
local PAGE = "SELECT " .. entry.columns_as_of(":left") .. RANGE
local PAGE_HIDING = "SELECT " .. entry.columns_as_of(":left") .. entry.HIDDEN .. RANGE

-- The first seq whose time is at or after :at, by halving: times in a log never
-- run backwards. Above :high when there is none.
local FIRST_AT = [[
  WITH RECURSIVE halves (lo, hi) AS (
    SELECT :low, :high + 1
    UNION ALL
    SELECT CASE WHEN e.sent_at < :at THEN e.seq + 1 ELSE halves.lo END,
      CASE WHEN e.sent_at < :at THEN halves.hi ELSE e.seq END
    FROM halves JOIN chat_entries e ON e.chat_id = :chat AND e.seq = (halves.lo + halves.hi) / 2
    WHERE halves.lo < halves.hi)
  SELECT max(lo) AS seq FROM halves]]

local LATEST = math.maxinteger -- reactions of those who are in: all

local function window_of(place)
  return place.first_seq, place.left_seq or place.last_seq
end

-- Gives mode and value, the time of "at" and "before a time" made a seq.
local function anchor(mesh, p, low, high)
  local mode, value = rules.history_mode(p)
  if not mode then
    return nil, store.error(mesh, value)
  end
  if mode ~= "at" and not p.before_time then
    return mode, value
  end
  local at = p.before_time or value
  local row, err = mesh.db.first(FIRST_AT, { chat = p.chatId, at = at, low = low, high = high })
  if not row then
    return nil, err
  end
  return p.before_time and "before" or "at", row.seq
end

local function cut(rows, mode, value)
  local sizes, middle = {}, 1
  for i, row in ipairs(rows) do
    sizes[i] = entry.size(row)
    if row.seq == value then
      middle = i
    end
  end
  local first, last = rules.fit(sizes, rules.PAGE_BYTES_MAX, mode, middle)
  return table.move(rows, first, last, 1, {})
end

local function entries_of(mesh, rows)
  local entries = {}
  for i, row in ipairs(rows) do
    entries[i] = entry.from_row(mesh, row)
  end
  return entries
end

local function read_range(mesh, chat, user, place, from, to)
  local page = { chat = chat, from = from, to = to, left = place.left_seq }
  local hides = place.hides > 0
  if hides then
    page.user = user
  end
  return mesh.db.read {
    { hides and PAGE_HIDING or PAGE, page },
    { entry.REACTIONS, { chat = chat, from = from, to = to, high = place.left_seq or LATEST } },
  }
end

-- The page of chat.history, for its callers by WebSocket and by REST.
-- p.before_time is REST's way to say: entries before this time.
function history.run(mesh, p, caller)
  local place, err = store.place(mesh, p.chatId, caller.userId)
  if err then
    return nil, err
  end
  local ok, no = rules.may_read(place)
  if not ok then
    return nil, store.error(mesh, no)
  end
  local low, high = window_of(place)
  local mode, value = anchor(mesh, p, low, high)
  if not mode then
    return nil, value
  end
  local from, to = rules.history_range(mode, value, p.limit or rules.PAGE_DEFAULT, low, high)
  if from > to then
    return { entries = {}, more = rules.has_more(mode, from, to, low, high, value) }
  end
  local read, why = read_range(mesh, p.chatId, caller.userId, place, from, to)
  if not read then
    return nil, why
  end
  local rows = cut(read[1], mode, value)
  local entries = entries_of(mesh, rows)
  entry.add_reactions(mesh, entries, read[2])
  local more = rules.has_more(mode, rows[1].seq, rows[#rows].seq, low, high, value)
  return { entries = entries, more = more }
end

function history.register(mesh, shapes)
  mesh.method("chat.history", {
    summary = "A page of a chat's entries, ascending.",
    params = shapes.history,
    result = shapes.page,
  }, history.run)
end

return history
