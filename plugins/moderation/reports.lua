-- Reports: anybody makes them, moderators work through the queue.
local rules = require "rules"
local store = require "store"

local reports = {}

-- ---- making one ----

local ROOM = [[
  SELECT 1 WHERE (SELECT count(*) FROM moderation_reports
    WHERE reporter_id = :reporter AND status = 'open') >= :most]]
local FIND = [[
  SELECT report_id FROM moderation_reports WHERE reporter_id = :reporter AND user_id = :user
    AND chat_id = :chat AND seq = :seq AND status = 'open']]
local ADD = [[
  INSERT INTO moderation_reports (report_id, reporter_id, user_id, chat_id, seq, reason, text,
    type, content, created_at)
  VALUES (:report, :reporter, :user, :chat, :seq, :reason, :text, :type, :content, mesh_now())]]
local KNOWN = "SELECT 1 AS known FROM users_users WHERE user_id = :user AND erased_at IS NULL"

-- The message as the reporter sees it, or the user; nil, err when they can't.
local function subject_of(mesh, p, caller, kind)
  if kind == "message" then
    local message, err = mesh.call("chat.message", {
      chatId = p.chatId,
      userId = caller.userId,
      seq = p.seq,
    })
    if not message then
      return nil, err
    end
    -- What is sealed says nothing to a moderator.
    local content = message.type ~= "sealed" and mesh.json.encode(message.content) or nil
    return { user = message.senderId, type = message.type, content = content }
  end
  local row, err = mesh.db.first(KNOWN, { user = p.userId })
  if not row then
    return nil, err or mesh.error("not_found", "no such user")
  end
  return { user = p.userId }
end

local function add(mesh, p, caller, subject)
  local key = {
    reporter = caller.userId,
    user = subject.user,
    chat = p.chatId or "",
    seq = p.seq or 0,
  }
  local row, err = mesh.db.first(FIND, key)
  if row or err then
    return row and row.report_id, err
  end
  local report = mesh.id("r_")
  local added, why = mesh.db.write {
    { ROOM, { reporter = caller.userId, most = mesh.config.reportsMax }, expect = "none" },
    {
      ADD,
      {
        report = report,
        reporter = key.reporter,
        user = key.user,
        chat = key.chat,
        seq = key.seq,
        reason = p.reason,
        text = p.text and mesh.text.clean(p.text, { lines = true }),
        type = subject.type,
        content = subject.content,
      },
    },
  }
  if added then
    store.tell_moderators(mesh, "report.created", { reportId = report, reason = p.reason })
    return report
  elseif why.type == "guard" then
    return nil, mesh.error("too_large", "too many of your reports are open")
  end
  return nil, why
end

local function on_create(mesh, p, caller)
  local kind, reason = rules.subject(p)
  if not kind then
    return nil, mesh.error("invalid_params", reason)
  end
  local subject, err = subject_of(mesh, p, caller, kind)
  if not subject then
    return nil, err
  end
  if subject.user == caller.userId then
    return nil, mesh.error("invalid_params", "nobody can report themselves")
  end
  local report, why = add(mesh, p, caller, subject)
  if not report then
    return nil, why
  end
  return { reportId = report }
end

-- ---- the queue ----

local LIST = [[
  SELECT * FROM moderation_reports
  WHERE status = :status AND (created_at, report_id) > (:at, :report)
  ORDER BY created_at, report_id LIMIT :count]]

local function shown(mesh, row)
  return {
    reportId = row.report_id,
    reporterId = row.reporter_id,
    userId = row.user_id,
    chatId = row.chat_id ~= "" and row.chat_id or nil,
    seq = row.seq > 0 and row.seq or nil,
    reason = row.reason,
    text = row.text,
    type = row.type,
    content = row.content and mesh.json.decode(row.content) or nil,
    status = row.status,
    createdAt = row.created_at,
    resolvedBy = row.resolved_by,
    resolvedAt = row.resolved_at,
    note = row.note,
  }
end

local function page_of(mesh, name, p, rows, limit)
  local list = {}
  for i = 1, math.min(#rows, limit) do
    list[i] = shown(mesh, rows[i])
  end
  local last = list[#list]
  local after = last and ("%d %s"):format(last.createdAt, last.reportId)
  return {
    reports = list,
    cursor = after and store.cursor(mesh, name, after) or p.cursor or "",
    more = #rows > limit,
  }
end

local function on_list(mesh, p)
  local status = p.status or "open"
  local name = "reports " .. status
  local at, report = "0", ""
  if p.cursor then
    local after, no = store.read_cursor(mesh, name, p.cursor)
    if not after then
      return nil, no
    end
    at, report = after:match("^(%d+) (.*)$")
  end
  local limit = p.limit or rules.PAGE_DEFAULT
  local rows, err = mesh.db.query(LIST, {
    status = status,
    at = math.tointeger(tonumber(at)),
    report = report,
    count = limit + 1,
  })
  if not rows then
    return nil, err
  end
  return page_of(mesh, name, p, rows, limit)
end

local STATUS = "SELECT status FROM moderation_reports WHERE report_id = :report"
local RESOLVE = [[
  UPDATE moderation_reports SET status = :status, resolved_by = :by, resolved_at = mesh_now(),
    note = :note, content = NULL
  WHERE report_id = :report AND status = 'open' RETURNING reporter_id]]

local function on_resolve(mesh, p, caller)
  local note = p.note and mesh.text.clean(p.note, { lines = true })
  local done, err = mesh.db.write {
    {
      RESOLVE,
      { report = p.reportId, status = p.resolution, by = caller.userId, note = note },
      expect = "one",
    },
    store.audit(caller.userId, "report." .. p.resolution, p.reportId, note),
  }
  if done then
    mesh.session.deliver(done[1][1].reporter_id, "report.resolved", {
      reportId = p.reportId,
      resolution = p.resolution,
    })
    return {}
  elseif err.type ~= "guard" then
    return nil, err
  end
  local row, why = mesh.db.first(STATUS, { report = p.reportId })
  if not row then
    return nil, why or mesh.error("not_found", "no such report")
  end
  return nil, mesh.error("conflict", "the report is " .. row.status)
end

-- ---- what users may want back, and gone ----

local OWN = [[
  SELECT report_id AS reportId, user_id AS userId, reason, text, status, created_at AS createdAt
  FROM moderation_reports WHERE reporter_id = :user ORDER BY created_at LIMIT 1000]]

local function on_export(mesh, event)
  local rows, err = mesh.db.query(OWN, { user = event.userId })
  if not rows then
    error(err.message) -- an export without a part of it would be a lie
  end
  event.sections.reports = mesh.json.array(rows)
  return event
end

-- $who is one user, or all who were erased.
local FORGET = {
  "UPDATE moderation_reports SET text = NULL WHERE text IS NOT NULL AND reporter_id IN $who",
  "UPDATE moderation_reports SET content = NULL WHERE content IS NOT NULL AND user_id IN $who",
  "DELETE FROM moderation_roles WHERE user_id IN $who",
}

local function forget(mesh, who, args)
  local batch = {}
  for i, sql in ipairs(FORGET) do
    batch[i] = { (sql:gsub("%$who", who)), args }
  end
  local done, err = mesh.db.write(batch)
  if not done then
    mesh.log.warn("erased users' reports keep their texts until the next start", {
      error = err.type,
    })
  elseif done[1].changes + done[2].changes > 0 then
    mesh.db.forget()
  end
end

local function on_erased(mesh, data)
  forget(mesh, "(:user)", { user = data.userId })
end

-- The news of an erasure is lost when the server dies at that moment.
local function forget_missed(mesh)
  if mesh.worker == 0 then
    forget(mesh, "(SELECT user_id FROM users_users WHERE erased_at IS NOT NULL)")
  end
end

-- ---- wiring ----

local function register_queue(mesh, s, id)
  local status = s.enum { "open", "resolved", "dismissed" }
  mesh.method("report.list", {
    summary = "Reports of a status, oldest first; for moderators.",
    params = s.object {
      ["status?"] = status,
      ["cursor?"] = s.string { maxBytes = 256 },
      ["limit?"] = s.integer { minimum = 1, maximum = rules.PAGE_MAX },
    },
    result = s.object {
      reports = s.array(s.object {
        reportId = id,
        reporterId = id,
        userId = id,
        ["chatId?"] = id,
        ["seq?"] = s.integer { minimum = 1 },
        reason = s.string {},
        ["text?"] = s.string {},
        ["type?"] = s.string {},
        ["content?"] = s.open_object {},
        status = status,
        createdAt = s.time(),
        ["resolvedBy?"] = id,
        ["resolvedAt?"] = s.time(),
        ["note?"] = s.string {},
      }),
      cursor = s.string {},
      more = s.boolean(),
    },
  }, store.guarded("moderator", on_list))
  local resolution = s.enum { "resolved", "dismissed" }
  mesh.method("report.resolve", {
    summary = "Closes a report; for moderators.",
    params = s.object {
      reportId = id,
      resolution = resolution,
      ["note?"] = s.text { limitBytes = rules.TEXT_BYTES_MAX },
    },
  }, store.guarded("moderator", on_resolve))
  mesh.event("report.resolved", {
    summary = "A report of the caller's was closed.",
    params = s.object { reportId = id, resolution = resolution },
  })
end

function reports.register(mesh)
  local s = mesh.schema
  local id = s.id()
  mesh.method("report.create", {
    summary = "Reports a message or a user to the moderators.",
    limit = { by = "user", perMinute = 20, burst = 10 },
    params = s.object {
      ["chatId?"] = id,
      ["seq?"] = s.integer { minimum = 1 },
      ["userId?"] = id,
      reason = s.enum(rules.REASONS),
      ["text?"] = s.text { limitBytes = rules.TEXT_BYTES_MAX },
    },
    result = s.object { reportId = id },
  }, on_create)
  mesh.event("report.created", {
    summary = "There is a new report; told to moderators.",
    params = s.object { reportId = id, reason = s.string {} },
  })
  register_queue(mesh, s, id)
  mesh.hook("user.export", { stage = "transform", fail = "closed" }, on_export)
  mesh.bus.on("users.erased", { where = "one" }, on_erased)
  forget_missed(mesh)
end

return reports
