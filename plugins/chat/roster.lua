-- Making groups and changing who is in them, for the plugin that decides who
-- may. A change names the version it was decided on: when members, roles or
-- settings have changed since, nothing is written and the answer is a conflict
-- with data.stale, to decide again. So no decision can be overtaken.
local audience = require "audience"
local entry = require "entry"
local members = require "members"
local rules = require "rules"
local store = require "store"

local roster = {}

local CHANGES_MAX = 100
local CREATE_MAX = 1000
local MEMBERS_A_STATEMENT = 50

-- ---- create ----

local CREATE = [[
  INSERT INTO chat_chats (chat_id, kind, title, about, permissions, admins_only, pin_admins,
    history_for_new, last_seq, member_count, created_at, updated_at, rev)
  VALUES (:chat, :kind, :title, :about, :permissions, :admins_only, :pin_admins, :history, 1,
    :count, mesh_now(), mesh_now(), mesh_rev())
  RETURNING updated_at]]

local ENTRY = [[
  INSERT INTO chat_entries (chat_id, seq, kind, message_id, sender_id, sent_at, change)
  SELECT chat_id, last_seq - :back, 'member', :message, :by, updated_at, :change
  FROM chat_chats WHERE chat_id = :chat]]

local FIRST_MEMBERS = [[
  INSERT INTO chat_members (chat_id, user_id, role, joined_at, joined_seq, rev)
  SELECT :chat, u.user_id, CASE WHEN u.user_id = :owner THEN 'owner' ELSE 'member' END, mesh_now(),
    1, mesh_rev()
  FROM users_users u WHERE u.user_id IN %s]]

-- Users that may be put into a group by :by; the others are missing.
local WELCOME = [[
  SELECT u.user_id, EXISTS (SELECT 1 FROM users_blocks b
    WHERE b.user_id = u.user_id AND b.blocked_id = :by) AS blocks
  FROM users_users u WHERE u.erased_at IS NULL AND u.user_id IN %s]]

local function flags_of(kind, permissions)
  local is_channel = kind == "channel"
  return {
    admins_only = (is_channel or permissions.send == "admins") and 1 or 0,
    pin_admins = (is_channel or permissions.pin == "admins") and 1 or 0,
    history = permissions.historyForNew and 1 or 0,
  }
end

local function check_welcome(mesh, by, user_ids)
  local rows, err = members.read_users(mesh, WELCOME, user_ids, function()
    return { by = by }
  end)
  if not rows then
    return nil, err
  end
  if #rows < #user_ids then
    return nil, store.error(mesh, rules.NO_USER)
  end
  for _, row in ipairs(rows) do
    if row.blocks == 1 then
      return nil, store.error(mesh, rules.BLOCKED)
    end
  end
  return true
end

local function create_batch(mesh, p, chat, message_id, change, user_ids)
  local flags = flags_of(p.kind, p.permissions)
  local batch = {
    {
      CREATE,
      {
        chat = chat,
        kind = p.kind,
        title = p.title,
        about = p.about,
        permissions = mesh.json.canonical(p.permissions),
        admins_only = flags.admins_only,
        pin_admins = flags.pin_admins,
        history = flags.history,
        count = #user_ids,
      },
      expect = "one",
    },
    {
      ENTRY,
      {
        chat = chat,
        back = 0,
        message = message_id,
        by = p.owner,
        change = mesh.json.canonical(change),
      },
    },
  }
  for first = 1, #user_ids, MEMBERS_A_STATEMENT do
    local last = math.min(first + MEMBERS_A_STATEMENT - 1, #user_ids)
    local list, args = members.list_of(user_ids, first, last, { chat = chat, owner = p.owner })
    batch[#batch + 1] = { FIRST_MEMBERS:format(list), args }
  end
  return batch
end

local function unique(owner, member_ids)
  local list, seen = { owner }, { [owner] = true }
  for _, id in ipairs(member_ids) do
    if not seen[id] then
      seen[id] = true
      list[#list + 1] = id
    end
  end
  return list
end

local function on_create(mesh, p)
  local user_ids = unique(p.owner, p.memberIds)
  local ok, err = check_welcome(mesh, p.owner, user_ids)
  if not ok then
    return nil, err
  end
  local chat, message_id = mesh.id("g"), mesh.id("m")
  local change = {
    action = "created",
    by = p.owner,
    title = p.title,
    about = p.about,
    kind = p.kind,
    memberCount = #user_ids,
  }
  local done, why = mesh.db.write(create_batch(mesh, p, chat, message_id, change, user_ids))
  if not done then
    return nil, why
  end
  local created_at = done[1][1].updated_at
  local e = entry.head(mesh, chat, 1, "member", message_id, p.owner, nil, nil, created_at)
  e.change = change
  mesh.session.deliver(mesh.session.audience(user_ids), "group.changed", e)
  audience.tell_plugins(mesh, e)
  return { chatId = chat }
end

-- ---- change ----

local ALLOC = [[
  UPDATE chat_chats SET last_seq = last_seq + :n, members_version = members_version + 1,
    member_count = member_count + :delta, updated_at = max(updated_at, mesh_now()),
    rev = mesh_rev()
  WHERE chat_id = :chat AND members_version = :version AND kind <> 'direct'
  RETURNING last_seq, updated_at]]

local SETTINGS = [[
  UPDATE chat_chats SET title = coalesce(:title, title), about = coalesce(:about, about),
    avatar = coalesce(:avatar, avatar), slow_mode_s = coalesce(:slow, slow_mode_s),
    permissions = coalesce(:permissions, permissions),
    admins_only = coalesce(:admins_only, admins_only),
    pin_admins = coalesce(:pin_admins, pin_admins),
    history_for_new = coalesce(:history, history_for_new),
    retention_days = coalesce(:retention, retention_days)
  WHERE chat_id = :chat]]

-- Who comes back reads from the newest joining; who is new may be given all.
local JOIN = [[
  INSERT INTO chat_members (chat_id, user_id, role, joined_at, first_seq, joined_seq, rev)
  SELECT chat_id, :user, 'member', updated_at,
    CASE WHEN history_for_new = 1 THEN 1 ELSE last_seq - :back END, last_seq - :back, mesh_rev()
  FROM chat_chats WHERE chat_id = :chat
  ON CONFLICT (chat_id, user_id) DO UPDATE SET role = 'member', joined_at = excluded.joined_at,
    first_seq = excluded.joined_seq, joined_seq = excluded.joined_seq, left_seq = NULL,
    left_at = NULL, left_title = NULL, left_count = NULL, rev = excluded.rev
  WHERE left_seq IS NOT NULL]]

-- What is left of a chat for who left it stands still from here.
local LEAVE = [[
  UPDATE chat_members SET left_seq = c.last_seq - :back, left_at = c.updated_at,
    left_title = c.title, left_count = c.member_count - :later, rev = mesh_rev()
  FROM chat_chats c
  WHERE c.chat_id = :chat AND chat_members.chat_id = :chat AND chat_members.user_id = :user
    AND chat_members.left_seq IS NULL]]

local ROLE = [[
  UPDATE chat_members SET role = :role, rev = mesh_rev()
  WHERE chat_id = :chat AND user_id = :user AND left_seq IS NULL]]
local BAN = [[
  INSERT INTO chat_bans (chat_id, user_id, banned_by, banned_at)
  VALUES (:chat, :user, :by, mesh_now()) ON CONFLICT (chat_id, user_id) DO NOTHING]]
local UNBAN = "DELETE FROM chat_bans WHERE chat_id = :chat AND user_id = :user"
local NOW_IN = "SELECT user_id FROM chat_members WHERE chat_id = :chat AND left_seq IS NULL"

-- What each action does: to the count of members, to the member's row, to bans.
local ACTIONS = {
  added = { delta = 1, sql = JOIN },
  joined = { delta = 1, sql = JOIN },
  removed = { delta = -1, sql = LEAVE },
  left = { delta = -1, sql = LEAVE },
  banned = { delta = -1, sql = LEAVE, ban = BAN },
  unbanned = { delta = 0, ban = UNBAN },
  role = { delta = 0, sql = ROLE },
  updated = { delta = 0 },
}

-- A ban of somebody who is not in touches no member row.
local function touches_member(c)
  return ACTIONS[c.action].sql ~= nil and not (c.action == "banned" and not c.active)
end

local function settings_of(mesh, p, kind)
  local u = p.update
  local flags = u.permissions and flags_of(kind, u.permissions) or {}
  return {
    SETTINGS,
    {
      chat = p.chatId,
      title = u.title,
      about = u.about,
      avatar = u.avatar,
      slow = u.slowModeS,
      retention = u.retentionDays,
      permissions = u.permissions and mesh.json.canonical(u.permissions),
      admins_only = flags.admins_only,
      pin_admins = flags.pin_admins,
      history = flags.history,
    },
    expect = "one",
  }
end

local function change_of(p, c)
  local change = { action = c.action, userId = c.userId, by = p.by, role = c.role }
  if c.action == "updated" then
    for name, value in pairs(p.update) do
      change[name] = value
    end
  end
  return change
end

-- later is what the changes after this one do to the count of members.
local function add_statements(mesh, batch, p, c, back, later)
  local action = ACTIONS[c.action]
  c.message_id = mesh.id("m")
  c.change = change_of(p, c)
  batch[#batch + 1] = {
    ENTRY,
    {
      chat = p.chatId,
      back = back,
      message = c.message_id,
      by = p.by,
      change = mesh.json.canonical(c.change),
    },
  }
  if touches_member(c) then
    local args = { chat = p.chatId, user = c.userId }
    if action.sql == ROLE then
      args.role = c.role
    else
      args.back = back
      args.later = action.sql == LEAVE and later or nil
    end
    batch[#batch + 1] = { action.sql, args, expect = "one" }
  end
  if action.ban then
    local args = { chat = p.chatId, user = c.userId, by = action.ban == BAN and p.by or nil }
    batch[#batch + 1] = { action.ban, args, expect = "one" }
  end
end

local function delta_of(c)
  return touches_member(c) and ACTIONS[c.action].delta or 0
end

local function change_batch(mesh, p)
  local n, delta = #p.changes, 0
  for _, c in ipairs(p.changes) do
    delta = delta + delta_of(c)
  end
  local later = delta
  local batch = {
    { ALLOC, { chat = p.chatId, n = n, delta = delta, version = p.version }, expect = "one" },
  }
  if p.update then
    batch[2] = settings_of(mesh, p, p.kind)
  end
  for i, c in ipairs(p.changes) do
    later = later - delta_of(c)
    add_statements(mesh, batch, p, c, n - i, later)
  end
  batch[#batch + 1] = { NOW_IN, { chat = p.chatId } }
  return batch
end

-- Whom each entry reaches besides those who are in before and after all of it:
-- who came with it or earlier, who goes with it or later.
local function extras(changes, i)
  local list = {}
  for k, c in ipairs(changes) do
    local delta = delta_of(c)
    if (delta > 0 and k <= i) or (delta < 0 and k >= i) then
      list[#list + 1] = c.userId
    end
  end
  return list
end

local function settled_members(rows, changes)
  local came = {}
  for _, c in ipairs(changes) do
    came[c.userId or ""] = delta_of(c) > 0
  end
  local ids = {}
  for _, row in ipairs(rows) do
    if not came[row.user_id] then
      ids[#ids + 1] = row.user_id
    end
  end
  return ids
end

local function tell(mesh, p, row, now_in)
  local settled = mesh.session.audience(settled_members(now_in, p.changes))
  for i, c in ipairs(p.changes) do
    local seq, at = row.last_seq - #p.changes + i, row.updated_at
    local e = entry.head(mesh, p.chatId, seq, "member", c.message_id, p.by, nil, nil, at)
    e.change = c.change
    mesh.session.deliver(settled, "group.changed", e)
    mesh.session.deliver(extras(p.changes, i), "group.changed", e)
    audience.tell_plugins(mesh, e)
  end
end

-- Writes what was decided, or gives a conflict with data.stale.
function roster.change(mesh, p)
  local batch = change_batch(mesh, p)
  local done, err = mesh.db.write(batch)
  if not done then
    if store.is_stale(err) then
      return nil, mesh.error("conflict", "the chat changed meanwhile", { stale = true })
    end
    return nil, err
  end
  tell(mesh, p, done[1][1], done[#batch])
  return {}
end

function roster.register(mesh)
  local s = mesh.schema
  local id = s.id()
  mesh.export("create", {
    summary = "Makes a group or a channel; decides nothing about who may.",
    params = s.object {
      kind = s.enum { "group", "channel" },
      title = s.string(),
      ["about?"] = s.string(),
      permissions = s.open_object {},
      owner = id,
      memberIds = s.array(id, { maxItems = CREATE_MAX }),
    },
  }, on_create)
  local actions = {}
  for name in pairs(ACTIONS) do
    actions[#actions + 1] = name
  end
  table.sort(actions)
  mesh.export("change", {
    summary = "Changes a group as decided on a version of it; else a conflict with data.stale.",
    params = s.object {
      chatId = id,
      version = s.integer {},
      kind = s.string(),
      by = id,
      changes = s.array(s.object {
        action = s.enum(actions),
        ["userId?"] = id,
        ["role?"] = s.enum { "owner", "admin", "member" },
        ["active?"] = s.boolean(),
      }, { maxItems = CHANGES_MAX }),
      ["update?"] = s.open_object {},
    },
  }, roster.change)
  mesh.event("group.changed", {
    summary = "Who is in a group, their roles or its settings changed: the member entry.",
    params = s.open_object { chatId = id },
  })
end

return roster
