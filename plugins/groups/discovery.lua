-- Finding groups that want to be found, and what a member sees of a group's settings.
local cursors = require "cursors"
local rules = require "rules"

local discovery = {}

local PAGE_DEFAULT = 20
local PAGE_MAX = 50

-- As the group's permissions say now, whoever else changes them.
local IS_PUBLIC = [[EXISTS (SELECT 1 FROM chat_chats
    WHERE chat_id = :chat AND permissions ->> '$.discoverable' = 1)]]
local PUT = "INSERT INTO groups_public (chat_id) SELECT :chat WHERE " .. IS_PUBLIC
  .. " ON CONFLICT DO NOTHING"
local TAKE = "DELETE FROM groups_public WHERE chat_id = :chat AND NOT " .. IS_PUBLIC

-- Ids are ordered by time, so the newest comes first. Who is banned does not find it.
local FIND = [[
  SELECT c.chat_id, c.kind, c.title, c.about, c.avatar, c.member_count,
    c.permissions ->> '$.joinPolicy' AS policy
  FROM groups_public p JOIN chat_chats c ON c.chat_id = p.chat_id
  WHERE p.chat_id < :before AND c.permissions ->> '$.discoverable' = 1 AND c.member_count > 0
    AND (:query = '' OR instr(lower(c.title), :query) > 0)
    AND NOT EXISTS (SELECT 1 FROM chat_bans b WHERE b.chat_id = c.chat_id AND b.user_id = :user)
  ORDER BY p.chat_id DESC LIMIT :count]]

local AFTER_ALL = "\u{10FFFF}"

-- Notes where to look, once the group's permissions say whether it may be found.
function discovery.note(mesh, chat)
  return mesh.db.write { { PUT, { chat = chat } }, { TAKE, { chat = chat } } }
end

local function found(row)
  return {
    chatId = row.chat_id,
    kind = row.kind,
    title = row.title,
    about = row.about,
    avatar = row.avatar,
    memberCount = row.member_count,
    joinPolicy = row.policy or rules.JOIN_POLICY,
  }
end

local function page_of(mesh, p, rows, limit)
  local groups = {}
  for i = 1, math.min(#rows, limit) do
    groups[i] = found(rows[i])
  end
  local last = groups[#groups]
  return {
    groups = groups,
    cursor = last and cursors.of(mesh, "discover", last.chatId) or p.cursor or "",
    more = #rows > limit,
  }
end

local function on_discover(mesh, p, caller)
  local before = AFTER_ALL
  if p.cursor then
    local after, no = cursors.read(mesh, "discover", p.cursor)
    if not after then
      return nil, no
    end
    before = after
  end
  local limit = p.limit or PAGE_DEFAULT
  local rows, err = mesh.db.query(FIND, {
    before = before,
    query = mesh.text.clean(p.query or ""):lower(),
    user = caller.userId,
    count = limit + 1,
  })
  if not rows then
    return nil, err
  end
  return page_of(mesh, p, rows, limit)
end

local function on_get(mesh, p, caller)
  local info, err = mesh.call("chat.info", { chatId = p.chatId, by = caller.userId })
  if not info then
    return nil, err
  end
  local settings, no = rules.settings(info)
  if not settings then
    return nil, mesh.error(no.type, no.message)
  end
  settings.chatId = p.chatId
  return settings
end

function discovery.register(mesh, shapes)
  local s = mesh.schema
  local id, count = s.id(), s.integer { minimum = 0 }
  mesh.method("group.discover", {
    summary = "Groups that want to be found, newest first, by what is in their title.",
    limit = { by = "user", perMinute = 60, burst = 20 },
    params = s.object {
      ["query?"] = s.string { maxBytes = rules.TITLE_BYTES_MAX },
      ["cursor?"] = s.string { maxBytes = 256 },
      ["limit?"] = s.integer { minimum = 1, maximum = PAGE_MAX, default = PAGE_DEFAULT },
    },
    result = s.object {
      groups = s.array(s.object {
        chatId = id,
        kind = s.string(),
        title = s.string(),
        ["about?"] = s.string(),
        ["avatar?"] = id,
        memberCount = count,
        joinPolicy = shapes.policy,
      }),
      cursor = s.string(),
      more = s.boolean(),
    },
  }, on_discover)
  mesh.method("group.get", {
    summary = "What a group is called, says and allows; for its members.",
    params = s.object { chatId = id },
    result = s.object {
      chatId = id,
      kind = s.string(),
      ["title?"] = s.string(),
      ["about?"] = s.string(),
      ["avatar?"] = id,
      slowModeS = count,
      permissions = shapes.permissions,
      joinPolicy = shapes.policy,
      discoverable = s.boolean(),
      memberCount = count,
      role = s.string(),
    },
  }, on_get)
end

return discovery
