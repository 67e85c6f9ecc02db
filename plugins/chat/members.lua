-- What other plugins may ask about a chat's members. Whether a user may know
-- of a chat at all is decided here, so that they cannot get it wrong.
local rules = require "rules"
local store = require "store"

local members = {}

local SMALL = 200 -- members of a chat that chat.member lists
local IDS_MAX = 200 -- user ids asked about at once
local IDS_A_STATEMENT = 50

local CHAT = "SELECT kind, member_count FROM chat_chats WHERE chat_id = :chat"
local ACTIVE = "SELECT user_id FROM chat_members WHERE chat_id = :chat AND left_seq IS NULL"
local OTHERS = ACTIVE .. " AND user_id <> :user ORDER BY user_id LIMIT :max"
local PAGE = [[
  SELECT user_id, role, joined_at FROM chat_members
  WHERE chat_id = :chat AND left_seq IS NULL AND user_id > :after ORDER BY user_id LIMIT :count]]
local OWNERS = ACTIVE .. " AND role = 'owner' LIMIT 101"
local POLICY = [[
  SELECT title, about, avatar, slow_mode_s, retention_days, permissions
  FROM chat_chats WHERE chat_id = :chat]]

local function ids_of(mesh, rows)
  local ids = {}
  for i, row in ipairs(rows) do
    ids[i] = row.user_id
  end
  return mesh.json.array(ids)
end
members.ids_of = ids_of

-- "(:u1, :u2, ...)" for a list of values, and the arguments that fill it.
function members.list_of(values, first, last, args)
  local names = {}
  for i = first, last do
    local name = "u" .. i - first + 1
    names[#names + 1] = ":" .. name
    args[name] = values[i]
  end
  return "(" .. table.concat(names, ", ") .. ")", args
end

-- Reads about many users in bounded statements of one snapshot; sql has a %s
-- where the list of ids goes.
function members.read_users(mesh, sql, user_ids, make_args)
  local reads = {}
  for first = 1, #user_ids, IDS_A_STATEMENT do
    local last = math.min(first + IDS_A_STATEMENT - 1, #user_ids)
    local list, args = members.list_of(user_ids, first, last, make_args())
    reads[#reads + 1] = { sql:format(list), args }
  end
  if #reads == 0 then
    return {}
  end
  local got, err = mesh.db.read(reads)
  if not got then
    return nil, err
  end
  local rows = {}
  for _, some in ipairs(got) do
    table.move(some, 1, #some, #rows + 1, rows)
  end
  return rows
end

local function on_members(mesh, p)
  local got, err = mesh.db.read {
    { CHAT, { chat = p.chatId } },
    { ACTIVE, { chat = p.chatId } },
  }
  if not got then
    return nil, err
  end
  local chat = got[1][1]
  if not chat then
    return nil, store.error(mesh, rules.NO_CHAT)
  end
  return { kind = chat.kind, memberCount = chat.member_count, userIds = ids_of(mesh, got[2]) }
end

-- The place of an active member, or the refusal that others get.
local function active_place(mesh, chat, user)
  local place, err = store.place(mesh, chat, user)
  if err then
    return nil, err
  end
  local ok, no = rules.is_in(place)
  if not ok then
    return nil, store.error(mesh, no)
  end
  return place
end

local function on_member(mesh, p)
  local place, err = active_place(mesh, p.chatId, p.userId)
  if not place then
    return nil, err
  end
  local result = {
    role = place.role,
    kind = place.kind,
    memberCount = place.member_count,
    blocked = place.blocked == 1,
  }
  if place.member_count <= SMALL then
    local rows, why = mesh.db.query(OTHERS, { chat = p.chatId, user = p.userId, max = SMALL })
    if not rows then
      return nil, why
    end
    result.userIds = ids_of(mesh, rows)
  end
  return result
end

local CONTACTS = [[
  SELECT peer AS user_id FROM chat_members
  WHERE user_id = :user AND peer IS NOT NULL AND chat_id IN %s]]

-- Which of some users share a direct chat with one.
local function on_contacts(mesh, p)
  local chats = {}
  for i, other in ipairs(p.userIds) do
    chats[i] = store.direct_id(mesh, p.userId, other)
  end
  local rows, err = members.read_users(mesh, CONTACTS, chats, function()
    return { user = p.userId }
  end)
  if not rows then
    return nil, err
  end
  return { userIds = ids_of(mesh, rows) }
end

-- One snapshot: whoever is just being put out is told of those who were in with them.
local function on_page(mesh, p)
  local got, err = mesh.db.read {
    { store.PLACE, { chat = p.chatId, user = p.userId } },
    { PAGE, { chat = p.chatId, after = p.after or "", count = p.limit + 1 } },
  }
  if not got then
    return nil, err
  end
  local ok, no = rules.is_in(got[1][1])
  if not ok then
    return nil, store.error(mesh, no)
  end
  local rows = got[2]
  local list = {}
  for i = 1, math.min(#rows, p.limit) do
    list[i] = { userId = rows[i].user_id, role = rows[i].role, joinedAt = rows[i].joined_at }
  end
  return { members = mesh.json.array(list), more = #rows > p.limit }
end

-- ---- for deciding about a group ----

local USERS = [[
  SELECT u.user_id, u.erased_at, m.role, m.left_seq, m.user_id AS member_id,
    EXISTS (SELECT 1 FROM chat_bans n WHERE n.chat_id = :chat AND n.user_id = u.user_id) AS banned,
    EXISTS (SELECT 1 FROM users_blocks b
      WHERE b.user_id = u.user_id AND b.blocked_id = :by) AS blocks
  FROM users_users u
    LEFT JOIN chat_members m ON m.chat_id = :chat AND m.user_id = u.user_id
  WHERE u.user_id IN %s]]

local function user_of(row)
  return {
    userId = row.user_id,
    exists = row.erased_at == nil,
    active = row.member_id ~= nil and row.left_seq == nil,
    role = row.role,
    banned = row.banned == 1,
    blocks = row.blocks == 1,
  }
end

local function info_of(mesh, place, policy, owners)
  return {
    kind = place.kind,
    version = place.members_version,
    memberCount = place.member_count,
    role = place.role,
    active = place.left_seq == nil,
    owners = owners,
    title = policy.title,
    about = policy.about,
    avatar = policy.avatar,
    slowModeS = policy.slow_mode_s,
    retentionDays = policy.retention_days,
    permissions = mesh.json.decode(policy.permissions),
  }
end

-- All that a decision about a group needs, with the version that change()
-- compares: when anything of this has changed, so has the version.
local function on_info(mesh, p)
  local user_ids = p.userIds or {}
  local who = { chat = p.chatId, user = p.by }
  local got, err = mesh.db.read {
    { store.PLACE, who },
    { POLICY, { chat = p.chatId } },
    { OWNERS, { chat = p.chatId } },
  }
  if not got then
    return nil, err
  end
  local place = got[1][1]
  if not place and not p.joining then
    return nil, store.error(mesh, rules.NO_CHAT)
  end
  place = place or members.outsider(mesh, p.chatId)
  if not place then
    return nil, store.error(mesh, rules.NO_CHAT)
  end
  local rows, why = members.read_users(mesh, USERS, user_ids, function()
    return { chat = p.chatId, by = p.by }
  end)
  if not rows then
    return nil, why
  end
  local info = info_of(mesh, place, got[2][1], #got[3])
  local users = {}
  for i, row in ipairs(rows) do
    users[i] = user_of(row)
  end
  info.users = mesh.json.array(users)
  return info
end

-- The place of somebody who was never in and is about to join by a link.
function members.outsider(mesh, chat)
  return (mesh.db.first([[
    SELECT kind, members_version, member_count, 0 AS left_seq FROM chat_chats
    WHERE chat_id = :chat]], { chat = chat }))
end

function members.register(mesh)
  local s = mesh.schema
  local id = s.id()
  mesh.export("members", {
    summary = "All members of a chat.",
    params = s.object { chatId = id },
  }, on_members)
  mesh.export("member", {
    summary = "What a user is in a chat; not_found for a stranger, forbidden for a former member.",
    params = s.object { chatId = id, userId = id },
  }, on_member)
  mesh.export("contacts", {
    summary = "Which of some users share a direct chat with a user.",
    params = s.object { userId = id, userIds = s.array(id, { maxItems = IDS_MAX }) },
  }, on_contacts)
  mesh.export("page", {
    summary = "A page of a chat's members, by user id.",
    params = s.object {
      chatId = id,
      userId = id,
      ["after?"] = id,
      limit = s.integer { minimum = 1, maximum = 200 },
    },
  }, on_page)
  mesh.export("info", {
    summary = "What a decision about a group needs, and its version.",
    params = s.object {
      chatId = id,
      by = id,
      ["userIds?"] = s.array(id, { maxItems = IDS_MAX }),
      ["joining?"] = s.boolean(),
    },
  }, on_info)
end

return members
