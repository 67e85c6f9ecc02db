-- search: messages by their words. Whether a match may be seen is decided when
-- it is asked for, on the log and the members as they are then.
local index = require "index"
local rules = require "rules"

local search = {}

local CHATS = "SELECT chat_id FROM chat_members WHERE user_id = :user %s LIMIT :count"
local ALL_CHATS = CHATS:format("")
local ONE_CHAT = CHATS:format("AND chat_id = :chat")

local MATCHES = [[
  SELECT rowid AS id FROM search_index
  WHERE search_index MATCH :match AND rowid < :below ORDER BY rowid DESC LIMIT :scan]]

-- What a former member reads ends where they left, also of a message's edits.
local FOUND = "WITH hits AS MATERIALIZED (" .. MATCHES .. [[)
  SELECT h.id, e.chat_id, e.seq, e.message_id, e.sender_id, e.type, e.sent_at
  FROM hits h JOIN chat_entries e ON e.id = h.id AND e.deleted = 0
    JOIN chat_members m ON m.chat_id = e.chat_id AND m.user_id = :user
  WHERE e.seq >= m.first_seq AND (m.left_seq IS NULL
      OR (e.seq <= m.left_seq AND (e.edited_at IS NULL OR e.edited_at < m.left_at)))
    AND (m.hides = 0 OR NOT EXISTS (SELECT 1 FROM chat_hidden x
      WHERE x.user_id = m.user_id AND x.chat_id = m.chat_id AND x.seq = e.seq))
    AND (:sender IS NULL OR e.sender_id = :sender) AND (:type IS NULL OR e.type = :type)
    AND (:before IS NULL OR e.sent_at < :before)
  ORDER BY h.id DESC LIMIT :count]]

local SCANNED = "SELECT count(*) AS n, min(id) AS low FROM (" .. MATCHES .. ")"

local SNIPPETS = [[
  SELECT rowid AS id, snippet(search_index, 1, char(2), char(3), '…', 24) AS marked
  FROM search_index WHERE search_index MATCH :match
    AND rowid IN (SELECT value FROM json_each(:ids))]]

local FIRST = math.maxinteger -- below it are all ids

-- ---- cursors ----

-- A cursor goes on with one search of one user and says nothing else.
local function bond_of(mesh, p, user)
  return mesh.json.canonical {
    user = user,
    query = p.query,
    chat = p.chatId,
    sender = p.senderId,
    type = p.type,
    before = p.before,
  }
end

local function cursor_of(mesh, p, user, below)
  local sealed = mesh.crypto.seal("cursor", ("%d"):format(below), bond_of(mesh, p, user))
  return mesh.crypto.base64url(sealed)
end

-- The id that the page is below; nil for a cursor that is not of this search.
local function below_of(mesh, p, user)
  if not p.cursor then
    return FIRST
  end
  local sealed = mesh.crypto.base64url_decode(p.cursor)
  local text = sealed and mesh.crypto.open("cursor", sealed, bond_of(mesh, p, user))
  return text and math.tointeger(text)
end

-- ---- a page ----

-- The chats to name in the query: a list, or nil for all; or nil, err.
local function chats_of(mesh, p, user)
  local rows, err = mesh.db.query(p.chatId and ONE_CHAT or ALL_CHATS, {
    user = user,
    chat = p.chatId,
    count = rules.CHATS_MAX + 1,
  })
  if not rows then
    return nil, err
  end
  if p.chatId and #rows == 0 then
    return nil, mesh.error("not_found", "no such chat")
  end
  if #rows > rules.CHATS_MAX then
    return nil
  end
  local chats = {}
  for i, row in ipairs(rows) do
    chats[i] = row.chat_id
  end
  return chats
end

-- Where the next page starts, nil when nothing is left below the rows.
local function next_below(mesh, rows, limit, scan)
  if #rows > limit then
    return rows[limit].id
  end
  local seen, err = mesh.db.first(SCANNED, scan)
  if not seen then
    return nil, err
  end
  return seen.n >= rules.SCAN_MAX and seen.low or nil
end

local function hits_of(mesh, rows, snippets)
  local by_id, hits = {}, {}
  for _, row in ipairs(snippets) do
    by_id[row.id] = row.marked
  end
  for i, row in ipairs(rows) do
    hits[i] = {
      chatId = row.chat_id,
      seq = row.seq,
      messageId = row.message_id,
      senderId = row.sender_id,
      type = row.type,
      sentAt = row.sent_at,
      snippet = mesh.json.array(rules.parts(by_id[row.id] or "")),
    }
  end
  return mesh.json.array(hits)
end

local function with_snippets(mesh, rows, match)
  local ids = {}
  for i, row in ipairs(rows) do
    ids[i] = row.id
  end
  local snippets, err = {}, nil
  if #ids > 0 then
    snippets, err = mesh.db.query(SNIPPETS, { match = match, ids = mesh.json.encode(ids) })
  end
  if not snippets then
    return nil, err
  end
  return hits_of(mesh, rows, snippets)
end

local function read_page(mesh, p, user, match, below)
  local limit = p.limit or rules.PAGE_DEFAULT
  local scan = { match = match, below = below, scan = rules.SCAN_MAX }
  local rows, err = mesh.db.query(FOUND, {
    match = match,
    below = below,
    scan = rules.SCAN_MAX,
    user = user,
    sender = p.senderId,
    type = p.type,
    before = p.before,
    count = limit + 1,
  })
  if not rows then
    return nil, err
  end
  local after, why = next_below(mesh, rows, limit, scan)
  if why then
    return nil, why
  end
  rows[limit + 1] = nil
  local hits, wrong = with_snippets(mesh, rows, match)
  if not hits then
    return nil, wrong
  end
  return {
    hits = hits,
    more = after ~= nil,
    cursor = after and cursor_of(mesh, p, user, after),
  }
end

local function on_messages(mesh, p, caller)
  local body, kind, message = rules.match_body(p.query)
  if not body then
    return nil, mesh.error(kind, message, { path = "/query" })
  end
  local below = below_of(mesh, p, caller.userId)
  if not below then
    return nil, mesh.error("invalid_params", "not a cursor of this search", { path = "/cursor" })
  end
  local chats, err = chats_of(mesh, p, caller.userId)
  if err then
    return nil, err
  elseif chats and #chats == 0 then
    return { hits = mesh.json.array {}, more = false }
  end
  return read_page(mesh, p, caller.userId, rules.match(body, chats), below)
end

-- ---- wiring ----

function search.start(mesh)
  local s = mesh.schema
  local id, time = s.id(), s.time()
  mesh.method("search.messages", {
    summary = "Messages with all of some words, newest first, in chats that the caller may read.",
    limit = { by = "user", perMinute = 300, burst = 60 },
    params = s.object {
      query = s.text {
        limitBytes = rules.QUERY_BYTES_MAX,
        description = 'Words; "a phrase"; begin* of a word.',
      },
      ["chatId?"] = id,
      ["senderId?"] = id,
      ["type?"] = s.string { minBytes = 1, maxBytes = 64 },
      ["before?"] = time,
      ["limit?"] = s.integer {
        minimum = 1,
        maximum = rules.PAGE_MAX,
        default = rules.PAGE_DEFAULT,
      },
      ["cursor?"] = s.string { maxBytes = 256 },
    },
    result = s.object {
      hits = s.array(s.object {
        chatId = id,
        seq = s.integer { minimum = 1 },
        messageId = id,
        senderId = id,
        type = s.string(),
        sentAt = time,
        snippet = s.array(s.object { text = s.string(), hit = s.boolean() }),
      }),
      more = s.boolean(),
      ["cursor?"] = s.string(),
    },
  }, on_messages)
  index.register(mesh)
end

-- Serving needs the tables that the migrations made.
function search.probe(mesh)
  local _, err = mesh.db.first("SELECT 1 FROM search_index LIMIT 1")
  if err then
    return nil, err.message
  end
  return true
end

return search
