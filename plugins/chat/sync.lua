-- sync.pull: the state of every chat of mine that changed after a cursor.
-- Every change of a chat or of a member's row bears the revision of its batch.
-- A listing is fixed to the revision at its first page; what changes while it
-- is paged leaves it, and comes again in a listing that follows it.
local entry = require "entry"
local rules = require "rules"
local store = require "store"

local sync = {}

local PAGE = [[
  WITH mine AS MATERIALIZED (
    SELECT * FROM (
      SELECT m.chat_id AS id,
        CASE WHEN m.left_seq IS NULL THEN max(m.rev, c.rev) ELSE m.rev END AS k
      FROM chat_members m JOIN chat_chats c ON c.chat_id = m.chat_id
      WHERE m.user_id = :user AND (m.opened = 1 OR c.last_seq > 0))
    WHERE k > :since AND k <= coalesce(:upto, mesh_rev())
      AND (:pos IS NULL OR k < :pos OR (k = :pos AND id > :pos_id))
    ORDER BY k DESC, id LIMIT :count),
  state AS MATERIALIZED (
    SELECT mine.k, mine.id AS id, c.kind, c.title, c.retention_days, c.member_count,
      c.updated_at AS changed_at,
      coalesce(m.left_seq, c.last_seq) AS high, m.left_seq, m.left_at, m.left_title, m.left_count,
      m.peer, m.role, m.delivered, m.read, m.muted_until, m.hides, o.delivered AS peer_delivered,
      o.read_shown AS peer_read,
      (SELECT count(*) FROM (SELECT 1 FROM chat_entries u
        WHERE u.chat_id = c.chat_id AND u.kind = 'message' AND u.deleted = 0
          AND u.seq > max(m.read, m.joined_seq) AND u.seq <= coalesce(m.left_seq, c.last_seq)
          AND u.sender_id <> m.user_id AND ]] .. store.shown("u") .. [[
        LIMIT :unread_max)) AS unread,
      (SELECT l.id FROM chat_entries l
        WHERE l.chat_id = c.chat_id AND l.kind = 'message' AND l.deleted = 0
          AND l.seq >= m.first_seq AND l.seq <= coalesce(m.left_seq, c.last_seq)
          AND ]] .. store.shown("l") .. [[
        ORDER BY l.seq DESC LIMIT 1) AS last_id,
      (SELECT group_concat(p.target) FROM chat_pins p WHERE p.chat_id = c.chat_id) AS pins,
      (SELECT d.id FROM chat_drafts d WHERE d.user_id = m.user_id AND d.chat_id = m.chat_id
        AND m.left_seq IS NULL) AS draft_id
    FROM mine JOIN chat_chats c ON c.chat_id = mine.id
      JOIN chat_members m ON m.chat_id = mine.id AND m.user_id = :user
      LEFT JOIN chat_members o ON o.chat_id = mine.id AND o.user_id = m.peer AND m.peer <> :user)
  SELECT s.k, s.id, s.kind AS chat_kind, s.title, s.member_count, s.changed_at, s.high, s.left_seq,
    s.left_at, s.left_title, s.left_count, s.peer, s.role, s.delivered, s.read, s.muted_until,
    s.hides, s.retention_days, d.text AS draft, d.reply_to AS draft_reply, d.at AS draft_at,
    s.peer_delivered, s.peer_read, s.unread, s.pins,
    EXISTS (SELECT 1 FROM chat_reactions r WHERE r.chat_id = s.id AND r.target = e.seq) AS reacted,
    ]] .. entry.columns_as_of("s.left_seq") .. [[
  FROM state s LEFT JOIN chat_entries e ON e.id = s.last_id
    LEFT JOIN chat_drafts d ON d.id = s.draft_id
  ORDER BY s.k DESC, s.id]]

local REV = "SELECT mesh_rev() AS rev"

-- Whether a listing that took several pages missed something at its end.
local CHANGED = [[
  SELECT 1 FROM chat_members m JOIN chat_chats c ON c.chat_id = m.chat_id
  WHERE m.user_id = :user AND (m.opened = 1 OR c.last_seq > 0)
    AND CASE WHEN m.left_seq IS NULL THEN max(m.rev, c.rev) ELSE m.rev END > :upto LIMIT 1]]

-- ---- cursors ----

local function seal_of(mesh, user, text)
  return mesh.crypto.base64url(mesh.crypto.mac("cursor", user .. "\0" .. text):sub(1, 16))
end

-- c is {since, upto?, pos?, pos_id?}: all after since; or the rest of a listing.
function sync.cursor(mesh, user, c)
  local text = ("%d %d %d %s"):format(c.since, c.upto or 0, c.pos or 0, c.pos_id or "-")
  return mesh.crypto.base64url(text) .. "." .. seal_of(mesh, user, text)
end

function sync.read_cursor(mesh, user, cursor)
  local body, seal = cursor:match("^([%w_-]+)%.([%w_-]+)$")
  local text = body and mesh.crypto.base64url_decode(body)
  if not text or not mesh.crypto.equal(seal, seal_of(mesh, user, text)) then
    return nil
  end
  local since, upto, pos, pos_id = text:match("^(%d+) (%d+) (%d+) (%S+)$")
  if not since then
    return nil
  end
  local c = { since = math.tointeger(since) }
  if pos ~= "0" then
    c.upto, c.pos, c.pos_id = math.tointeger(upto), math.tointeger(pos), pos_id
  end
  return c
end

-- ---- pages ----

local function pins_of(mesh, row)
  local pins = {}
  for target in (row.left_seq and "" or row.pins or ""):gmatch("%d+") do
    pins[#pins + 1] = math.tointeger(target)
  end
  table.sort(pins)
  return mesh.json.array(pins)
end

local function state_of(mesh, row)
  local state = {
    chatId = row.id,
    kind = row.chat_kind,
    title = row.title,
    userId = row.peer,
    lastSeq = row.high,
    last = row.chat_id and entry.from_row(mesh, row) or mesh.null,
    unread = row.unread,
    myRead = row.read,
    myDelivered = row.delivered,
    peerRead = row.peer_read,
    peerDelivered = row.peer_delivered,
    role = row.role,
    muted = row.muted_until,
    pins = pins_of(mesh, row),
    hides = row.hides > 0 and row.hides or nil,
    retentionDays = row.retention_days > 0 and row.retention_days or nil,
    draft = row.draft and { text = row.draft, replyTo = row.draft_reply, at = row.draft_at },
    memberCount = row.member_count,
    updatedAt = row.changed_at,
  }
  if row.left_seq then
    state.left = true
    state.title = row.left_title
    state.memberCount = row.left_count
    state.updatedAt = row.left_at
  end
  return state
end

local function add_reactions(mesh, chats, rows)
  local reads, of = {}, {}
  for i, row in ipairs(rows) do
    if row.chat_id and row.reacted == 1 then
      reads[#reads + 1] = {
        entry.REACTIONS,
        { chat = row.id, from = row.seq, to = row.seq, high = row.left_seq or math.maxinteger },
      }
      of[#of + 1] = chats[i].last
    end
  end
  if #reads == 0 then
    return true
  end
  local got, err = mesh.db.read(reads)
  if not got then
    return nil, err
  end
  for i, last in ipairs(of) do
    entry.add_reactions(mesh, { last }, got[i])
  end
  return true
end

-- How many of the rows fit one answer, at least one of them.
local function fitting(rows, limit)
  local bytes = 0
  for i = 1, math.min(#rows, limit) do
    bytes = bytes + 600 + entry.size(rows[i]) + #(rows[i].draft or "")
    if bytes > rules.PAGE_BYTES_MAX and i > 1 then
      return i - 1
    end
  end
  return math.min(#rows, limit)
end

local function read_page(mesh, user, c, limit)
  local reads = {
    { REV },
    {
      PAGE,
      {
        user = user,
        since = c.since,
        upto = c.upto,
        pos = c.pos,
        pos_id = c.pos_id,
        count = limit + 1,
        unread_max = rules.UNREAD_MAX,
      },
    },
  }
  if c.upto then
    reads[3] = { CHANGED, { user = user, upto = c.upto } }
  end
  local got, err = mesh.db.read(reads)
  if not got then
    return nil, err
  end
  return { rev = got[1][1].rev, rows = got[2], changed = got[3] ~= nil and #got[3] > 0 }
end

local FOREIGN = rules.invalid("/cursor", "not a cursor of this user")

-- The cursor of a call and the page it asks for.
local function open_page(mesh, user, cursor, limit)
  local c = { since = 0 }
  if cursor then
    c = sync.read_cursor(mesh, user, cursor)
  end
  if not c then
    return nil, store.error(mesh, FOREIGN)
  end
  local page, err = read_page(mesh, user, c, limit)
  if not page then
    return nil, err
  end
  -- A cursor newer than the database comes from before a restored backup.
  if math.max(c.since, c.upto or 0) > page.rev then
    return nil, store.error(mesh, FOREIGN)
  end
  return page, nil, c
end

local function on_pull(mesh, p, caller)
  local user, limit = caller.userId, p.limit or rules.PAGE_DEFAULT
  local page, err, c = open_page(mesh, user, p.cursor, limit)
  if not page then
    return nil, err
  end
  local count, upto = fitting(page.rows, limit), c.upto or page.rev
  local chats = {}
  for i = 1, count do
    chats[i] = state_of(mesh, page.rows[i])
  end
  local ok, why = add_reactions(mesh, chats, table.move(page.rows, 1, count, 1, {}))
  if not ok then
    return nil, why
  end
  local goes_on = count < #page.rows
  local next_cursor = { since = upto }
  if goes_on then
    local last = page.rows[count]
    next_cursor = { since = c.since, upto = upto, pos = last.k, pos_id = last.id }
  end
  return {
    chats = chats,
    cursor = sync.cursor(mesh, user, next_cursor),
    more = goes_on or page.changed,
  }
end

-- session.open answers with a cursor of now, read after the session gets events.
local function on_session_open(mesh, event)
  local row, err = mesh.db.first(REV)
  if not row then
    mesh.log.warn("no cursor for a session", { error = err and err.type })
    return nil
  end
  event.cursor = sync.cursor(mesh, event.userId, { since = row.rev })
  return event
end

function sync.register(mesh, shapes)
  mesh.method("sync.pull", {
    summary = "The state of every chat that changed after a cursor.",
    params = shapes.pull,
    result = shapes.states,
  }, on_pull)
  mesh.hook("session.open", { stage = "transform" }, on_session_open)
end

return sync
