-- Asking to be let in: group.request, and for admins group.requests and group.decide.
local change = require "change"
local cursors = require "cursors"
local rules = require "rules"

local requests = {}

local PAGE_DEFAULT = 50
local ADMINS_TOLD_MAX = 200

local ROOM = [[
  SELECT 1 WHERE (SELECT count(*) FROM groups_requests WHERE chat_id = :chat
      AND user_id <> :user) >= :most_of_chat
    OR (SELECT count(*) FROM groups_requests WHERE user_id = :user
      AND chat_id <> :chat) >= :most_of_user]]
local ADD = [[
  INSERT INTO groups_requests (chat_id, user_id, text, created_at)
  VALUES (:chat, :user, :text, mesh_now())
  ON CONFLICT (chat_id, user_id) DO UPDATE SET text = :text
  RETURNING created_at]]
local FIND = "SELECT 1 AS found FROM groups_requests WHERE chat_id = :chat AND user_id = :user"
local DROP = "DELETE FROM groups_requests WHERE chat_id = :chat AND user_id = :user"
local PAGE = [[
  SELECT user_id, text, created_at FROM groups_requests
  WHERE chat_id = :chat AND (created_at, user_id) > (:at, :user)
  ORDER BY created_at, user_id LIMIT :count]]
local ADMINS = [[
  SELECT user_id FROM chat_members
  WHERE chat_id = :chat AND left_seq IS NULL AND role <> 'member' LIMIT :most]]

local function tell_admins(mesh, event, params)
  local rows = mesh.db.query(ADMINS, { chat = params.chatId, most = ADMINS_TOLD_MAX }) or {}
  local ids = {}
  for i, row in ipairs(rows) do
    ids[i] = row.user_id
  end
  mesh.session.deliver(ids, event, params)
end

-- ---- asking ----

local function add(mesh, p, caller)
  local text = p.text and mesh.text.clean(p.text, { lines = true })
  local who = { chat = p.chatId, user = caller.userId }
  local results, err = mesh.db.write {
    {
      ROOM,
      {
        chat = p.chatId,
        user = caller.userId,
        most_of_chat = rules.REQUESTS_A_CHAT_MAX,
        most_of_user = rules.REQUESTS_A_USER_MAX,
      },
      expect = "none",
    },
    { FIND, who },
    { ADD, { chat = p.chatId, user = caller.userId, text = text } },
  }
  if not results then
    return nil, err.type == "guard" and mesh.error("too_large", "too many requests wait") or err
  end
  if #results[2] == 0 then
    tell_admins(mesh, "group.requested", {
      chatId = p.chatId,
      userId = caller.userId,
      text = text,
      requestedAt = results[3][1].created_at,
    })
  end
  return { joined = false }
end

-- Lets a user in; the caller's right to do so is looked at once more.
local function join(mesh, chat, user, by)
  local ask = { userIds = { user }, joining = true }
  return change.run(mesh, chat, by, ask, function(info)
    local ok, no = rules.lets_in(info, user, by)
    if not ok then
      return nil, no
    end
    return rules.join(info, user, mesh.config.membersMax)
  end)
end

local function on_request(mesh, p, caller)
  local info, err = mesh.call("chat.info", {
    chatId = p.chatId,
    by = caller.userId,
    userIds = { caller.userId },
    joining = true,
  })
  if not info then
    return nil, err
  end
  local way, no = rules.request(info, caller.userId)
  if not way then
    return nil, mesh.error(no.type, no.message)
  elseif way == "ask" then
    return add(mesh, p, caller)
  elseif way == "join" then
    local ok, why = join(mesh, p.chatId, caller.userId, caller.userId)
    if not ok then
      return nil, why
    end
  end
  return { joined = true }
end

-- ---- deciding ----

-- true when the caller decides who is let in; or nil, err.
local function may_decide(mesh, chat, caller)
  local info, err = mesh.call("chat.info", { chatId = chat, by = caller.userId })
  if not info then
    return nil, err
  end
  local ok, no = rules.may(info)
  if not ok then
    return nil, mesh.error(no.type, no.message)
  end
  return true
end

local function page_of(mesh, p, rows, limit)
  local list = {}
  for i = 1, math.min(#rows, limit) do
    local row = rows[i]
    list[i] = { userId = row.user_id, text = row.text, requestedAt = row.created_at }
  end
  local last = rows[#list]
  local after = last and ("%d %s"):format(last.created_at, last.user_id)
  return {
    requests = list,
    cursor = after and cursors.of(mesh, "requests " .. p.chatId, after) or p.cursor or "",
    more = #rows > limit,
  }
end

local function on_requests(mesh, p, caller)
  local ok, err = may_decide(mesh, p.chatId, caller)
  if not ok then
    return nil, err
  end
  local at, user = 0, ""
  if p.cursor then
    local after, no = cursors.read(mesh, "requests " .. p.chatId, p.cursor)
    if not after then
      return nil, no
    end
    at, user = after:match("^(%d+) (.*)$")
  end
  local limit = p.limit or PAGE_DEFAULT
  local rows, why = mesh.db.query(PAGE, {
    chat = p.chatId,
    at = math.tointeger(tonumber(at)),
    user = user,
    count = limit + 1,
  })
  if not rows then
    return nil, why
  end
  return page_of(mesh, p, rows, limit)
end

local function on_decide(mesh, p, caller)
  local ok, err = may_decide(mesh, p.chatId, caller)
  if not ok then
    return nil, err
  end
  local who = { chat = p.chatId, user = p.userId }
  local row, why = mesh.db.first(FIND, who)
  if not row then
    return nil, why or mesh.error("not_found", "no such request")
  end
  if p.approve then
    local joined, no = join(mesh, p.chatId, p.userId, caller.userId)
    if not joined then
      return nil, no
    end
  end
  local dropped, problem = mesh.db.write { { DROP, who } }
  if not dropped then
    return nil, problem
  end
  if dropped[1].changes > 0 then
    local event = { chatId = p.chatId, userId = p.userId, approved = p.approve, by = caller.userId }
    tell_admins(mesh, "group.decided", event)
    event.by = nil -- who decided is not told outside
    mesh.session.deliver(p.userId, "group.decided", event)
  end
  return {}
end

local function on_erased(mesh, data)
  mesh.db.write { { "DELETE FROM groups_requests WHERE user_id = :user", { user = data.userId } } }
end

local MISSED = [[
  DELETE FROM groups_requests
  WHERE user_id IN (SELECT user_id FROM users_users WHERE erased_at IS NOT NULL)]]

-- The news of an erasure is lost when the server dies at that moment.
local function forget_missed(mesh)
  local done = mesh.worker == 0 and mesh.db.write { { MISSED } }
  if done and done[1].changes > 0 then
    mesh.db.forget()
  end
end

local OWN_REQUESTS = [[
  SELECT chat_id AS chatId, text, created_at AS requestedAt FROM groups_requests
  WHERE user_id = :user ORDER BY created_at LIMIT 1000]]
local OWN_LINKS = [[
  SELECT chat_id AS chatId, created_at AS createdAt, expires_at AS expiresAt, uses_left AS usesLeft
  FROM groups_links WHERE created_by = :user ORDER BY created_at LIMIT 1000]]

local function on_export(mesh, event)
  local args = { user = event.userId }
  local got, err = mesh.db.read { { OWN_REQUESTS, args }, { OWN_LINKS, args } }
  if not got then
    error(err.message) -- an export without a part of it would be a lie
  end
  event.sections.groups = {
    requests = mesh.json.array(got[1]),
    links = mesh.json.array(got[2]),
  }
  return event
end

-- ---- wiring ----

local function register_events(mesh, s, id)
  mesh.event("group.requested", {
    summary = "Somebody asks to be let in; told to admins.",
    params = s.object {
      chatId = id,
      userId = id,
      ["text?"] = s.string(),
      requestedAt = s.time(),
    },
  })
  mesh.event("group.decided", {
    summary = "A request was decided; told to admins, and without `by` to who asked.",
    params = s.object { chatId = id, userId = id, approved = s.boolean(), ["by?"] = id },
  })
end

function requests.register(mesh)
  local s = mesh.schema
  local id = s.id()
  mesh.method("group.request", {
    summary = "Asks to be let into a group that can be found; one that is open is joined at once.",
    limit = { by = "user", perMinute = 30, burst = 15 },
    params = s.object {
      chatId = id,
      ["text?"] = s.text { limitBytes = rules.REQUEST_TEXT_BYTES_MAX },
    },
    result = s.object { joined = s.boolean() },
  }, on_request)
  mesh.method("group.requests", {
    summary = "Who asks to be let in, oldest first; for admins.",
    params = s.object {
      chatId = id,
      ["cursor?"] = s.string { maxBytes = 256 },
      ["limit?"] = s.integer { minimum = 1, maximum = 200, default = PAGE_DEFAULT },
    },
    result = s.object {
      requests = s.array(s.object { userId = id, ["text?"] = s.string(), requestedAt = s.time() }),
      cursor = s.string(),
      more = s.boolean(),
    },
  }, on_requests)
  mesh.method("group.decide", {
    summary = "Lets somebody in who asks, or not; for admins.",
    params = s.object { chatId = id, userId = id, approve = s.boolean() },
  }, on_decide)
  register_events(mesh, s, id)
  mesh.hook("user.export", { stage = "transform", fail = "closed" }, on_export)
  mesh.bus.on("users.erased", { where = "one" }, on_erased)
  forget_missed(mesh)
end

return requests
