-- Reports and their queue, suspensions, deletions and the log, on a real host.
local harness = require "harness"

local PASSWORD = "correct horse battery" -- the one of host:user

describe("moderation", function()
  local host, ann, bob, cid, mod
  local sends = 0

  local function fails(with, result, err)
    assert.is_nil(result)
    assert.equal(with, err.type)
    return err
  end

  local function say(who, to, text)
    sends = sends + 1
    return assert(who:call("chat.send", {
      receiverId = to.id, clientMsgId = "m" .. sends, type = "text", content = { text = text },
    }))
  end

  local function report(who, seen, extra)
    local params = { chatId = seen.chatId, seq = seen.seq, reason = "spam" }
    for name, value in pairs(extra or {}) do
      params[name] = value
    end
    return who:call("report.create", params)
  end

  local function suspend(who, whom, more)
    local params = { userId = whom.id, reason = "rude" }
    for name, value in pairs(more or {}) do
      params[name] = value
    end
    return who:call("admin.user.suspend", params)
  end

  local function login(name)
    return host:connect():call("user.login", { username = name, password = PASSWORD })
  end

  local function actions()
    local list = {}
    for i, entry in ipairs(assert(mod:call("admin.audit", {})).entries) do
      list[i] = entry.action
    end
    return list
  end

  before_each(function()
    host = harness.start {}
    ann, bob, cid = host:user("ann"), host:user("bob"), host:user("cid")
    mod = host:user("mod")
    assert(host:command("moderation grant", { name = "mod" }))
  end)

  after_each(function()
    host:stop()
  end)

  it("queues reports for moderators, oldest first, with what was reported", function()
    local seen = say(ann, bob, "buy now")
    local first = assert(report(bob, seen, { text = "look\u{202e}" })).reportId
    assert.equal(first, mod:expect("report.created").reportId)
    host:advance(1)
    local second = assert(bob:call("report.create", { userId = cid.id, reason = "other" })).reportId
    local list = assert(mod:call("report.list", {})).reports
    assert.same({ first, second }, { list[1].reportId, list[2].reportId })
    assert.same({ "look", "buy now", ann.id, bob.id }, {
      list[1].text, list[1].content.text, list[1].userId, list[1].reporterId,
    })
  end)

  it("makes one report of the same thing while it is open", function()
    local seen = say(ann, bob, "buy now")
    local first = assert(report(bob, seen)).reportId
    assert.equal(first, assert(report(bob, seen, { reason = "illegal" })).reportId)
    assert(mod:call("report.resolve", { reportId = first, resolution = "dismissed" }))
    assert.not_equal(first, assert(report(bob, seen)).reportId)
  end)

  it("takes reports of what the reporter can see only", function()
    local seen = say(ann, bob, "hi")
    local _, stranger = report(cid, seen)
    local _, unknown = report(cid, { chatId = "dnothing", seq = 1 })
    assert.equal("not_found", stranger.type)
    assert.same(unknown, stranger)
    fails("not_found", report(bob, { chatId = seen.chatId, seq = 99 }))
    fails("not_found", bob:call("report.create", { userId = "u_nobody", reason = "spam" }))
  end)

  it("refuses reports of nothing, of both and of oneself", function()
    local seen = say(ann, bob, "hi")
    fails("invalid_params", bob:call("report.create", { reason = "spam" }))
    fails("invalid_params", report(bob, seen, { userId = ann.id }))
    fails("invalid_params", report(bob, { chatId = seen.chatId }))
    fails("invalid_params", report(bob, seen, { reason = "because" }))
    fails("invalid_params", report(ann, seen))
    fails("invalid_params", ann:call("report.create", { userId = ann.id, reason = "spam" }))
    fails("too_large", report(bob, seen, { text = ("x"):rep(2049) }))
  end)

  it("closes a report once and tells who made it", function()
    local id = assert(report(bob, say(ann, bob, "hi"))).reportId
    local params = { reportId = id, resolution = "resolved", note = "warned" }
    assert(mod:call("report.resolve", params))
    assert.same({ reportId = id, resolution = "resolved" }, bob:expect("report.resolved"))
    fails("conflict", mod:call("report.resolve", params))
    fails("not_found", mod:call("report.resolve", { reportId = "r_no", resolution = "resolved" }))
    assert.same({}, mod:call("report.list", {}).reports)
    local closed = mod:call("report.list", { status = "resolved" }).reports[1]
    assert.same({ "warned", mod.id }, { closed.note, closed.resolvedBy })
    assert.is_nil(closed.content)
  end)

  it("pages through the queue", function()
    local ids = {}
    for i = 1, 5 do
      host:advance(1)
      ids[i] = assert(report(bob, say(ann, bob, "m" .. i))).reportId
    end
    local seen, cursor, more = {}, nil, true
    while more do
      local page = assert(mod:call("report.list", { limit = 2, cursor = cursor }))
      for _, r in ipairs(page.reports) do
        seen[#seen + 1] = r.reportId
      end
      cursor, more = page.cursor, page.more
    end
    assert.same(ids, seen)
    fails("invalid_params", mod:call("report.list", { cursor = cursor .. "x" }))
    fails("invalid_params", mod:call("report.list", { status = "resolved", cursor = cursor }))
  end)

  it("serves moderators only, whatever they ask about", function()
    local calls = {
      ["report.list"] = {},
      ["report.resolve"] = { reportId = "r_no", resolution = "resolved" },
      ["admin.user.get"] = { userId = bob.id },
      ["admin.user.suspend"] = { userId = bob.id, reason = "x" },
      ["admin.user.unsuspend"] = { userId = "u_no", reason = "x" },
      ["admin.user.role"] = { userId = ann.id, role = "admin", reason = "x" },
      ["admin.message.delete"] = { chatId = "dno", seq = 1, reason = "x" },
      ["admin.audit"] = {},
    }
    for method, params in pairs(calls) do
      fails("forbidden", ann:call(method, params))
    end
  end)

  it("ends the sessions of who is suspended and refuses new ones", function()
    local tablet = host:user("ann")
    assert(suspend(mod, ann))
    assert.equal(4403, (ann:closed()))
    assert.equal(4403, (tablet:closed()))
    local err = fails("rejected", login("ann"))
    assert.equal("moderation", err.data.plugin)
    assert.equal("rude", mod:call("admin.user.get", { userId = ann.id }).suspended.reason)
    local token = { refreshToken = ann.login.refreshToken }
    fails("unauthenticated", host:connect():call("user.refresh", token))
    assert(mod:call("admin.user.unsuspend", { userId = ann.id, reason = "sorry" }))
    assert(login("ann"))
    fails("not_found", mod:call("admin.user.unsuspend", { userId = ann.id, reason = "sorry" }))
  end)

  it("tells a wrong password nothing about a suspension", function()
    assert(suspend(mod, ann))
    local wrong = { username = "ann", password = "wrong horse" }
    fails("unauthenticated", host:connect():call("user.login", wrong))
  end)

  it("ends a suspension at its time", function()
    local now = mod.session.serverTime
    fails("invalid_params", suspend(mod, ann, { ["until"] = now - 1 }))
    assert(suspend(mod, ann, { ["until"] = now + 60000 }))
    fails("rejected", login("ann"))
    host:advance(61)
    assert(login("ann"))
  end)

  it("leaves no login to who logs in while being suspended", function()
    local guest = host:connect()
    local id = guest:start("user.login", { username = "ann", password = PASSWORD })
    assert(suspend(mod, ann))
    local answer
    for _ = 1, 1000 do
      answer = answer or guest:answer(id)
      host:advance(0.001)
    end
    local token = answer.result and answer.result.accessToken
    if token then
      fails("unauthenticated", host:connect():call("session.open", { token = token }))
    else
      assert.equal("rejected", answer.error.data.type)
    end
  end)

  it("lets admins give roles and nobody act on equals or themselves", function()
    local role = { userId = bob.id, role = "moderator", reason = "helps" }
    assert(mod:call("admin.user.role", role))
    role = { userId = cid.id, role = "admin", reason = "x" }
    fails("forbidden", bob:call("admin.user.role", role))
    fails("forbidden", suspend(bob, mod))
    fails("forbidden", suspend(bob, bob))
    role = { userId = mod.id, role = "none", reason = "x" }
    fails("forbidden", mod:call("admin.user.role", role))
    assert(suspend(bob, cid))
    assert(suspend(mod, bob))
    fails("not_found", suspend(mod, { id = "u_nobody" }))
    fails("invalid_params", suspend(mod, cid, { reason = "" }))
    assert(host:command("moderation revoke", { name = "mod" }))
    fails("forbidden", mod:call("admin.audit", {}))
  end)

  it("deletes a message for all and says so in the log", function()
    local seen = say(ann, bob, "buy now")
    local params = { chatId = seen.chatId, seq = seen.seq, reason = "spam" }
    assert(mod:call("admin.message.delete", params))
    assert.equal(seen.seq, bob:expect("chat.deleted").target)
    ann:expect("chat.deleted")
    assert.is_true(bob:call("chat.history", { chatId = seen.chatId }).entries[1].deleted)
    fails("not_found", mod:call("admin.message.delete", params))
    local log = actions()
    assert.same({ "message.delete.failed", "message.delete", "message.delete", "role.admin" }, log)
  end)

  it("keeps a log of who did what to whom and why, newest first", function()
    assert(suspend(mod, ann))
    assert(mod:call("admin.user.unsuspend", { userId = ann.id, reason = "sorry" }))
    local page = assert(mod:call("admin.audit", { limit = 2 }))
    assert.is_true(page.more)
    local newest, before = page.entries[1], page.entries[2]
    assert.same({ mod.id, "user.unsuspend", ann.id, "sorry" }, {
      newest.by, newest.action, newest.target, newest.reason,
    })
    assert.equal("user.suspend", before.action)
    local rest = assert(mod:call("admin.audit", { cursor = page.cursor }))
    assert.same({ "operator", "role.admin", false }, {
      rest.entries[1].by, rest.entries[1].action, rest.more,
    })
  end)

  it("forgets what erased users wrote, and their role", function()
    local seen = say(ann, bob, "buy now")
    assert(report(bob, seen, { text = "look" }))
    assert(bob:call("user.erase", { password = PASSWORD }))
    assert(ann:call("user.erase", { password = PASSWORD }))
    host:advance(1)
    local row = mod:call("report.list", {}).reports[1]
    assert.same({}, { row.text, row.content })
  end)

  it("gives users their reports with the export", function()
    assert(bob:call("report.create", { userId = cid.id, reason = "other", text = "hm" }))
    local mine = assert(bob:call("user.export", {})).sections.reports
    assert.same({ "hm", "open" }, { mine[1].text, mine[1].status })
  end)

  it("has a log that not even SQL changes", function()
    local pipe = assert(io.popen("mktemp -d"))
    local folder = pipe:read("l")
    pipe:close()
    host:stop()
    host = harness.start { data = folder }
    host:user("mod")
    assert(host:command("moderation grant", { name = "mod" }))
    host:stop()
    local changes = { "DELETE FROM moderation_audit", "UPDATE moderation_audit SET by = 'x'" }
    for _, sql in ipairs(changes) do
      pipe = assert(io.popen(("sqlite3 %s/chattermesh.db \"%s\" 2>&1"):format(folder, sql)))
      assert.truthy(pipe:read("a"):find("the audit log is", 1, true))
      pipe:close()
    end
    os.execute("rm -rf " .. folder)
    host = harness.start {}
  end)
end)
