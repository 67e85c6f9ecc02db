-- Invite links: group.link makes a code, group.join uses it up.
local change = require "change"
local rules = require "rules"

local links = {}

local CODE_BYTES = 15

local ADD = [[
  INSERT INTO groups_links (code_hash, chat_id, created_by, created_at, expires_at, uses_left)
  VALUES (:hash, :chat, :by, mesh_now(), mesh_now() + :expires * 1000, :uses)]]

-- What is over goes with the next link, and so does the oldest of too many.
local CLEAN = [[
  DELETE FROM groups_links WHERE chat_id = :chat AND (expires_at <= mesh_now() OR uses_left = 0
    OR code_hash IN (SELECT l.code_hash FROM groups_links l WHERE l.chat_id = :chat
      ORDER BY l.created_at DESC LIMIT -1 OFFSET :keep))]]

local FIND = [[
  SELECT chat_id FROM groups_links
  WHERE code_hash = :hash AND (expires_at IS NULL OR expires_at > mesh_now())
    AND (uses_left IS NULL OR uses_left > 0)]]

local TAKE = [[
  UPDATE groups_links SET uses_left = uses_left - 1
  WHERE code_hash = :hash AND (expires_at IS NULL OR expires_at > mesh_now())
    AND (uses_left IS NULL OR uses_left > 0)]]

local GIVE_BACK = [[
  UPDATE groups_links SET uses_left = uses_left + 1
  WHERE code_hash = :hash AND uses_left IS NOT NULL]]

local function hash_of(mesh, code)
  return mesh.crypto.hex(mesh.crypto.hash(code))
end

local function on_link(mesh, p, caller)
  local info, err = mesh.call("chat.info", { chatId = p.chatId, by = caller.userId })
  if not info then
    return nil, err
  end
  local ok, no = rules.may(info, "link")
  if not ok then
    return nil, mesh.error(no.type, no.message)
  end
  local code = mesh.crypto.base64url(mesh.crypto.random(CODE_BYTES))
  local done, why = mesh.db.write {
    { CLEAN, { chat = p.chatId, keep = mesh.config.linksMax - 1 } },
    {
      ADD,
      {
        hash = hash_of(mesh, code),
        chat = p.chatId,
        by = caller.userId,
        expires = p.expiresIn,
        uses = p.uses,
      },
    },
  }
  if not done then
    return nil, why
  end
  return { code = code }
end

-- A use is taken before the joining and given back when that comes to nothing:
-- a link is never used more often than it says.
local function join(mesh, chat, hash, caller)
  local taken, err = mesh.db.write { { TAKE, { hash = hash }, expect = "one" } }
  if not taken then
    if err.type == "guard" then
      return nil, mesh.error(rules.NO_LINK.type, rules.NO_LINK.message)
    end
    return nil, err
  end
  local was_in = false
  local ask = { userIds = { caller.userId }, joining = true }
  local ok, why = change.run(mesh, chat, caller.userId, ask, function(info)
    local changes, no = rules.join(info, caller.userId, mesh.config.membersMax)
    was_in = changes ~= nil and #changes == 0
    return changes, no
  end)
  if not ok or was_in then
    local back, failed = mesh.db.write { { GIVE_BACK, { hash = hash } } }
    if not back then
      mesh.log.warn("a use of an invite link was lost", { chat = chat, error = failed.type })
    end
  end
  return ok, why
end

local function on_join(mesh, p, caller)
  local hash = hash_of(mesh, p.code)
  local link, err = mesh.db.first(FIND, { hash = hash })
  if err then
    return nil, err
  end
  if not link then
    return nil, mesh.error(rules.NO_LINK.type, rules.NO_LINK.message)
  end
  local ok, why = join(mesh, link.chat_id, hash, caller)
  if not ok then
    return nil, why
  end
  return { chatId = link.chat_id }
end

function links.register(mesh)
  local s = mesh.schema
  local id = s.id()
  mesh.method("group.link", {
    summary = "Makes an invite link.",
    params = s.object {
      chatId = id,
      ["expiresIn?"] = s.integer { minimum = 1, maximum = 366 * 86400 },
      ["uses?"] = s.integer { minimum = 1, maximum = 1000000 },
    },
    result = s.object { code = s.string() },
  }, on_link)
  mesh.method("group.join", {
    summary = "Joins a group by the code of an invite link.",
    params = s.object { code = s.string { maxBytes = 64 } },
    result = s.object { chatId = id },
    limit = { by = "user", perMinute = 60, burst = 30 },
  }, on_join)
end

return links
