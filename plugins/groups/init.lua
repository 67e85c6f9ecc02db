-- groups: who may do what in a group. The chat plugin keeps the members and the
-- log; this one decides, and chat writes what was decided or nothing.
local change = require "change"
local cursors = require "cursors"
local discovery = require "discovery"
local links = require "links"
local requests = require "requests"
local rules = require "rules"

local groups = {}

local PAGE_DEFAULT = 100 -- members a page

-- Cleans title and about; nil and an error when no title is left.
local function cleaned(mesh, p)
  if p.title then
    p.title = mesh.text.clean(p.title)
    if p.title == "" then
      return nil, mesh.error("invalid_params", "a title that can be seen was expected", {
        path = "/title",
      })
    end
  end
  p.about = p.about and mesh.text.clean(p.about, { lines = true })
  return p
end

local function on_create(mesh, sent, caller)
  local p, no = cleaned(mesh, sent)
  if not p then
    return nil, no
  end
  return mesh.call("chat.create", {
    kind = p.kind or "group",
    title = p.title,
    about = p.about,
    permissions = p.permissions or {},
    owner = caller.userId,
    memberIds = mesh.json.array(p.memberIds or {}),
  })
end

local function on_update(mesh, sent, caller)
  local p, no = cleaned(mesh, sent)
  if not p then
    return nil, no
  end
  local ok, err = change.run(mesh, p.chatId, caller.userId, {}, function(info)
    return rules.update(info, p)
  end)
  if ok and p.discoverable ~= nil then
    ok, err = discovery.note(mesh, p.chatId)
  end
  return ok and {} or nil, err
end

local function on_handover(mesh, p, caller)
  return change.run(mesh, p.chatId, caller.userId, { userIds = { p.userId } }, function(info)
    return rules.handover(info, caller.userId, p.userId)
  end)
end

local function on_add(mesh, p, caller)
  return change.run(mesh, p.chatId, caller.userId, { userIds = p.userIds }, function(info)
    return rules.add(info, p.userIds, mesh.config.membersMax)
  end)
end

-- The handler of a call that is decided by its chat, the caller and userIds.
local function on_users(decide)
  return function(mesh, p, caller)
    return change.run(mesh, p.chatId, caller.userId, { userIds = p.userIds }, function(info)
      return decide(info, p.userIds)
    end)
  end
end

local function on_leave(mesh, p, caller)
  return change.run(mesh, p.chatId, caller.userId, {}, function(info)
    return rules.leave(info, caller.userId)
  end)
end

local function on_role(mesh, p, caller)
  return change.run(mesh, p.chatId, caller.userId, { userIds = { p.userId } }, function(info)
    return rules.role(info, caller.userId, p.userId, p.role)
  end)
end

-- ---- paging through members ----

local function on_members(mesh, p, caller)
  local after, no
  if p.cursor then
    after, no = cursors.read(mesh, p.chatId, p.cursor)
    if not after then
      return nil, no
    end
  end
  local page, err = mesh.call("chat.page", {
    chatId = p.chatId,
    userId = caller.userId,
    after = after,
    limit = p.limit or PAGE_DEFAULT,
  })
  if not page then
    return nil, err
  end
  local last = page.members[#page.members]
  return {
    members = page.members,
    cursor = last and cursors.of(mesh, p.chatId, last.userId) or p.cursor or "",
    more = page.more,
  }
end

-- ---- wiring ----

local function shapes_of(s)
  local who = s.enum { "members", "admins" }
  local permissions = s.object {
    ["historyForNew?"] = s.boolean(),
    ["send?"] = who,
    ["add?"] = who,
    ["update?"] = who,
    ["pin?"] = who,
    ["link?"] = who,
  }
  return { permissions = permissions, policy = s.enum { "open", "request", "invite" } }
end

local function register_settings(mesh, s, id, shapes)
  local permissions = shapes.permissions
  local title = s.text { limitBytes = rules.TITLE_BYTES_MAX }
  local about = s.text { limitBytes = rules.ABOUT_BYTES_MAX }
  mesh.method("group.create", {
    summary = "Makes a group, or a channel in which only admins post.",
    params = s.object {
      title = title,
      ["memberIds?"] = s.array(id, { maxItems = rules.CREATE_MAX }),
      ["about?"] = about,
      ["kind?"] = s.enum { "group", "channel" },
      ["permissions?"] = permissions,
    },
    result = s.object { chatId = id },
  }, on_create)
  mesh.method("group.update", {
    summary = "Changes what a group is called, says and allows.",
    params = s.object {
      chatId = id,
      ["title?"] = title,
      ["about?"] = about,
      ["avatar?"] = id,
      ["slowModeS?"] = s.integer { minimum = 0, maximum = rules.SLOW_MODE_S_MAX },
      ["permissions?"] = permissions,
      ["joinPolicy?"] = shapes.policy,
      ["discoverable?"] = s.boolean(),
    },
  }, on_update)
end

local function register_members(mesh, s, id)
  local users = s.object {
    chatId = id,
    userIds = s.array(id, { maxItems = rules.USERS_A_CALL_MAX }),
  }
  local calls = {
    { "group.add", "Puts users into a group.", users, on_add },
    { "group.remove", "Puts members out of a group.", users, on_users(rules.remove) },
    { "group.ban", "Puts users out of a group for good.", users, on_users(rules.ban) },
    { "group.unban", "Lets banned users come again.", users, on_users(rules.unban) },
    { "group.leave", "Leaves a group.", s.object { chatId = id }, on_leave },
    {
      "group.role",
      "Gives a member another role.",
      s.object { chatId = id, userId = id, role = s.enum { "owner", "admin", "member" } },
      on_role,
    },
    {
      "group.handover",
      "Makes another member owner in the caller's place, who becomes an admin.",
      s.object { chatId = id, userId = id },
      on_handover,
    },
  }
  for _, call in ipairs(calls) do
    mesh.method(call[1], { summary = call[2], params = call[3] }, call[4])
  end
  mesh.method("group.members", {
    summary = "A page of a group's members.",
    params = s.object {
      chatId = id,
      ["cursor?"] = s.string { maxBytes = 256 },
      ["limit?"] = s.integer { minimum = 1, maximum = 200, default = PAGE_DEFAULT },
    },
    result = s.object {
      members = s.array(s.object { userId = id, role = s.string(), joinedAt = s.time() }),
      cursor = s.string(),
      more = s.boolean(),
    },
  }, on_members)
end

function groups.start(mesh)
  local s = mesh.schema
  local id = s.id()
  local shapes = shapes_of(s)
  register_settings(mesh, s, id, shapes)
  register_members(mesh, s, id)
  links.register(mesh)
  requests.register(mesh)
  discovery.register(mesh, shapes)
end

return groups
