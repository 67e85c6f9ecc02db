-- Keeps the index as the log is. One worker looks once a second for entries
-- after the last indexed one; the log has everything that changes a message, so
-- this alone keeps up with edits, deletions, expiry and erasure, and catches up
-- after a crash or a time without this plugin. A step is one transaction in
-- SQL, so the index never knows more or less than the place it has reached.
local index = {}

local EVERY_S = 1
local BATCH = 100 -- entries a transaction
local MERGE_PAGES = 500 -- of the index, rewritten in one step

local PLACE = [[
  SELECT done, purge, steps, purged_at, mesh_now() AS now, (SELECT max(id) FROM (
      SELECT id FROM chat_entries WHERE id > s.done ORDER BY id LIMIT :count)) AS upto
  FROM search_state s]]

local RANGE = "e.id > :after AND e.id <= :upto"

local ADVANCE = [[
  UPDATE search_state SET done = :upto, purge = max(purge, EXISTS (SELECT 1 FROM chat_entries e
      WHERE ]] .. RANGE .. [[ AND e.kind IN ('edit', 'delete')))
  WHERE done = :after]]

local TARGETS = [[
  SELECT t.id FROM chat_entries e JOIN chat_entries t
    ON t.chat_id = e.chat_id AND t.seq = e.target
  WHERE ]] .. RANGE .. [[ AND e.kind IN ('edit', 'delete')]]

local FORGET = "DELETE FROM search_index WHERE rowid IN (" .. TARGETS .. ")"

-- Sealed content and that of other plugins has no words for us.
local LEARN = [[
  INSERT INTO search_index (rowid, chat, body)
  SELECT id, 'c' || lower(hex(chat_id)), replace(replace(words, char(2), ''), char(3), '')
  FROM (
    SELECT m.id, m.chat_id, CASE
        WHEN m.type = 'text' THEN json_extract(m.content, '$.text')
        WHEN m.type IN ('image', 'video', 'audio', 'file') THEN json_extract(m.content, '$.name')
      END AS words
    FROM chat_entries m
    WHERE m.kind = 'message' AND m.deleted = 0 AND m.id IN (
      SELECT e.id FROM chat_entries e WHERE ]] .. RANGE .. " UNION " .. TARGETS .. [[))
  WHERE words IS NOT NULL]]

-- A full rewrite in steps: the first call takes all parts of the index together,
-- the others go on. Only then the words of what was deleted are gone. It may be
-- held up by parts that are new, so it gets twice the steps that it needs.
local MERGE = "INSERT INTO search_index (search_index, rank) VALUES ('merge', :pages)"
local PARTS = "SELECT count(DISTINCT segid) FROM search_index_idx"
local PURGING = [[
  UPDATE search_state SET purge = 0,
    steps = 4 + 2 * (SELECT count(*) FROM search_index_data) / :pages
  WHERE purge = 1 AND steps = 0]]
local PURGED = [[
  UPDATE search_state SET steps = CASE WHEN (]] .. PARTS .. [[) <= 1 THEN 0 ELSE steps - 1 END,
    purged_at = mesh_now()
  WHERE steps > 0 RETURNING steps]]

-- true when there may be more, false when the index is as the log is; or nil, err.
local function step(mesh, place)
  if not place.upto then
    return false
  end
  local args = { after = place.done, upto = place.upto }
  local done, err = mesh.db.write {
    { ADVANCE, args, expect = "one" },
    { FORGET, args },
    { LEARN, args },
  }
  -- Another worker was faster: at a reload two generations may look at once.
  if not done and err.type ~= "guard" then
    return nil, err
  end
  return true
end

-- One step of a rewrite, if one is under way or due.
local function purge(mesh, place)
  local batch
  if place.steps > 0 then
    batch = { { MERGE, { pages = MERGE_PAGES } }, { PURGED } }
  elseif place.purge == 1 and place.now - place.purged_at >= mesh.config.purgeMinutes * 60000 then
    batch = { { PURGING, { pages = MERGE_PAGES } }, { MERGE, { pages = -MERGE_PAGES } } }
  else
    return true
  end
  local done, err = mesh.db.write(batch)
  local ended = done and place.steps > 0 and done[2][1]
  if ended and ended.steps == 0 then
    mesh.db.forget() -- the old parts are still in the files
  end
  return done ~= nil, err
end

local function catch_up(mesh)
  for _ = 1, mesh.config.entriesPerSecond // BATCH do
    local place, err = mesh.db.first(PLACE, { count = BATCH })
    if not place then
      return nil, err
    end
    local more, why = step(mesh, place)
    if more == nil then
      return nil, why
    elseif not more then
      return purge(mesh, place)
    end
  end
  return true
end

local function on_tick(mesh)
  local ok, err = catch_up(mesh)
  if not ok then
    mesh.log.warn("the index waits", { error = err and err.type })
  end
end

-- What an erased user wrote does not wait for the hour; the index catches up before.
local SOON = "UPDATE search_state SET purge = 1, purged_at = 0"

local function on_erased(mesh)
  local ok, err = mesh.db.write { { SOON } }
  if not ok then
    mesh.log.warn("an erased user's words go with the next rewrite", { error = err.type })
  end
end

function index.register(mesh)
  mesh.bus.on("chat.erased", { where = "one" }, on_erased)
  mesh.timer.on("index", on_tick)
  mesh.timer.every("index", EVERY_S, { where = "one" })
end

return index
