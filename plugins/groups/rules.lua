-- Who may do what in a group. Each decision takes what the chat plugin knows
-- about the group (its info) and gives the list of changes to make, maybe
-- empty; or nil and a refusal {type, message}.
local rules = {}

rules.TITLE_BYTES_MAX = 256
rules.ABOUT_BYTES_MAX = 4096
rules.SLOW_MODE_S_MAX = 86400
rules.USERS_A_CALL_MAX = 100
rules.CREATE_MAX = 1000
rules.REQUESTS_A_CHAT_MAX = 1000
rules.REQUESTS_A_USER_MAX = 100
rules.REQUEST_TEXT_BYTES_MAX = 1024

-- Who besides admins may; a permission that is not set is this.
rules.DEFAULTS = {
  send = "members",
  add = "admins",
  update = "admins",
  pin = "members",
  link = "admins",
}
rules.JOIN_POLICY = "invite" -- when nothing else was chosen

local RANK = { member = 1, admin = 2, owner = 3 }

local function refuse(type, message)
  return { type = type, message = message }
end

rules.NO_USER = refuse("not_found", "no such user")
-- As the chat plugin says it, so that a group that can't be found is like none.
rules.NO_CHAT = refuse("not_found", "no such chat")
rules.BY_INVITATION = refuse("forbidden", "members are invited only")
rules.NO_LINK = refuse("not_found", "no such invite link")
rules.NOT_IN_IT = refuse("not_found", "not a member of this chat")
rules.NOT_A_MEMBER = refuse("forbidden", "not a member any more")
rules.NOT_A_GROUP = refuse("forbidden", "not a group")
rules.LESSER_ROLE = refuse("forbidden", "the role does not allow this")
rules.BANNED = refuse("forbidden", "banned from this chat")
rules.BLOCKED = refuse("forbidden", "blocked by the other side")
rules.LAST_OWNER = refuse("conflict", "the last owner has to hand over first")
rules.FULL = refuse("too_large", "the group is full")

local function users_by_id(info)
  local by_id = {}
  for _, user in ipairs(info.users) do
    by_id[user.userId] = user
  end
  return by_id
end

local function each_once(user_ids)
  local list, seen = {}, {}
  for _, id in ipairs(user_ids) do
    if not seen[id] then
      seen[id] = true
      list[#list + 1] = id
    end
  end
  return list
end

local function is_in(info)
  if info.kind == "direct" then
    return nil, rules.NOT_A_GROUP
  end
  if not info.active then
    return nil, rules.NOT_A_MEMBER
  end
  return true
end

-- Each id once and in order, with what is known of the user; {} for nothing.
local function each_user(info, user_ids)
  local users, list, i = users_by_id(info), each_once(user_ids), 0
  return function()
    i = i + 1
    return list[i], list[i] and users[list[i]] or {}
  end
end

-- Whether the caller may: an active member of a group whose role is enough.
function rules.may(info, what)
  local ok, no = is_in(info)
  if not ok then
    return nil, no
  end
  if RANK[info.role] >= RANK.admin then
    return true
  end
  local permissions = info.permissions or {}
  if what and (permissions[what] or rules.DEFAULTS[what]) == "members" and info.kind == "group" then
    return true
  end
  return nil, rules.LESSER_ROLE
end

local function welcome(user)
  if not user or not user.exists then
    return nil, rules.NO_USER
  elseif user.banned then
    return nil, rules.BANNED
  elseif user.blocks then
    return nil, rules.BLOCKED
  end
  return true
end

function rules.add(info, user_ids, members_max)
  local ok, no = rules.may(info, "add")
  if not ok then
    return nil, no
  end
  local users, changes = users_by_id(info), {}
  for _, id in ipairs(each_once(user_ids)) do
    ok, no = welcome(users[id])
    if not ok then
      return nil, no
    end
    if not users[id].active then
      changes[#changes + 1] = { action = "added", userId = id }
    end
  end
  if #changes > 0 and info.memberCount + #changes > members_max then
    return nil, rules.FULL
  end
  return changes
end

local function rank_of(user)
  return user.active and RANK[user.role] or 0
end

-- Owners put out anyone, admins put out members only, and an owner stays.
local function put_out(info, user_ids, action, change_of)
  local ok, no = rules.may(info)
  if not ok then
    return nil, no
  end
  local changes, owners = {}, info.owners
  for id, user in each_user(info, user_ids) do
    local rank = rank_of(user)
    if info.role ~= "owner" and rank > RANK.member then
      return nil, rules.LESSER_ROLE
    end
    if rank == RANK.owner then
      owners = owners - 1
    end
    local change, refusal = change_of(user)
    if refusal then
      return nil, refusal
    end
    if change then
      changes[#changes + 1] = { action = action, userId = id, active = change.active }
    end
  end
  if owners < 1 then
    return nil, rules.LAST_OWNER
  end
  return changes
end

function rules.remove(info, user_ids)
  return put_out(info, user_ids, "removed", function(user)
    if not user.active then
      return nil, rules.NOT_IN_IT
    end
    return {}
  end)
end

function rules.ban(info, user_ids)
  return put_out(info, user_ids, "banned", function(user)
    if not user.userId then
      return nil, rules.NO_USER
    end
    return not user.banned and { active = user.active } or nil
  end)
end

function rules.unban(info, user_ids)
  local ok, no = rules.may(info)
  if not ok then
    return nil, no
  end
  local users, changes = users_by_id(info), {}
  for _, id in ipairs(each_once(user_ids)) do
    if users[id] and users[id].banned then
      changes[#changes + 1] = { action = "unbanned", userId = id }
    end
  end
  return changes
end

function rules.leave(info, user_id)
  local ok, no = is_in(info)
  if not ok then
    return nil, no
  end
  if info.role == "owner" and info.owners < 2 then
    return nil, rules.LAST_OWNER
  end
  return { { action = "left", userId = user_id } }
end

-- Owners give roles; anybody may step down.
function rules.role(info, by, user_id, role)
  local ok, no = is_in(info)
  if not ok then
    return nil, no
  end
  local user = users_by_id(info)[user_id]
  local steps_down = user_id == by and RANK[role] <= RANK[info.role]
  if info.role ~= "owner" and not steps_down then
    return nil, rules.LESSER_ROLE
  end
  if not user or not user.active then
    return nil, rules.NOT_IN_IT
  end
  if user.role == role then
    return {}
  end
  if user.role == "owner" and info.owners < 2 then
    return nil, rules.LAST_OWNER
  end
  return { { action = "role", userId = user_id, role = role } }
end

-- Makes another member owner and the caller an admin, in one step.
function rules.handover(info, by, user_id)
  local ok, no = is_in(info)
  if not ok then
    return nil, no
  end
  local user = users_by_id(info)[user_id]
  if info.role ~= "owner" then
    return nil, rules.LESSER_ROLE
  elseif not user or not user.active then
    return nil, rules.NOT_IN_IT
  elseif user_id == by then
    return {}
  end
  local changes = { { action = "role", userId = by, role = "admin" } }
  if user.role ~= "owner" then
    table.insert(changes, 1, { action = "role", userId = user_id, role = "owner" })
  end
  return changes
end

-- Permissions as they will be, or nil when nothing differs.
local function merged(is, wanted)
  local all, differs = {}, false
  for name, value in pairs(is or {}) do
    all[name] = value
  end
  for name, value in pairs(wanted or {}) do
    differs = differs or all[name] ~= value
    all[name] = value
  end
  return differs and all or nil
end

-- The choices about joining are kept with the permissions.
local function wanted_permissions(wanted)
  local all = {}
  for name, value in pairs(wanted.permissions or {}) do
    all[name] = value
  end
  all.joinPolicy, all.discoverable = wanted.joinPolicy, wanted.discoverable
  return all
end

-- Members of update that differ from what is; permissions are merged into
-- those that are set. Gives the changes and what is updated.
function rules.update(info, wanted)
  local permissions = wanted_permissions(wanted)
  local is_for_admins = next(permissions) or wanted.slowModeS
  local ok, no = rules.may(info, not is_for_admins and "update" or nil)
  if not ok then
    return nil, no
  end
  local update = {}
  for _, name in ipairs { "title", "about", "avatar", "slowModeS" } do
    if wanted[name] ~= nil and wanted[name] ~= info[name] then
      update[name] = wanted[name]
    end
  end
  update.permissions = merged(info.permissions, permissions)
  if next(update) == nil then
    return {}
  end
  return { { action = "updated" } }, nil, update
end

-- What a member sees of a group's settings; nil and a refusal for others.
function rules.settings(info)
  local ok, no = is_in(info)
  if not ok then
    return nil, no
  end
  local permissions, shown = info.permissions or {}, {}
  for name, otherwise in pairs(rules.DEFAULTS) do
    shown[name] = permissions[name] or otherwise
  end
  shown.historyForNew = permissions.historyForNew or false
  return {
    kind = info.kind,
    title = info.title,
    about = info.about,
    avatar = info.avatar,
    slowModeS = info.slowModeS,
    permissions = shown,
    joinPolicy = permissions.joinPolicy or rules.JOIN_POLICY,
    discoverable = permissions.discoverable or false,
    memberCount = info.memberCount,
    role = info.role,
  }
end

local WAYS = { open = "join", request = "ask" }

-- How somebody comes in who asks: "in" (already), "join" or "ask"; or nil and a refusal.
function rules.request(info, user_id)
  local user = users_by_id(info)[user_id] or {}
  local permissions = info.permissions or {}
  if info.kind == "direct" then
    return nil, rules.NO_CHAT
  elseif user.active then
    return "in"
  elseif not permissions.discoverable then
    return nil, info.role and rules.NOT_A_MEMBER or rules.NO_CHAT
  elseif user.banned then
    return nil, rules.BANNED
  end
  return WAYS[permissions.joinPolicy], rules.BY_INVITATION
end

-- Whether `by` may let a user in now: oneself where the group is open, others as an admin.
function rules.lets_in(info, user_id, by)
  if user_id ~= by then
    return rules.may(info)
  end
  local way, no = rules.request(info, user_id)
  if way == "ask" then
    return nil, rules.BY_INVITATION
  end
  return way, no
end

function rules.join(info, user_id, members_max)
  local user = users_by_id(info)[user_id]
  if user and user.active then
    return {}
  end
  if not user or not user.exists then
    return nil, rules.NO_USER
  elseif user.banned then
    return nil, rules.BANNED
  elseif info.memberCount >= members_max then
    return nil, rules.FULL
  end
  return { { action = "joined", userId = user_id } }
end

return rules
