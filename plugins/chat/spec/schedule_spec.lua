-- Scheduled messages: sent once, at their time, whatever happens meanwhile.
local harness = require "harness"

describe("a scheduled message", function()
  local host, ann, bob, phone, chat

  local function now()
    return assert(ann:call("session.open", { token = ann.login.accessToken })).serverTime
  end

  local function schedule(who, seconds, id, more)
    local params = {
      chatId = chat,
      clientMsgId = id,
      type = "text",
      content = { text = "later" },
      sendAt = now() + seconds * 1000,
    }
    for name, value in pairs(more or {}) do
      params[name] = value
    end
    return who:call("chat.schedule", params)
  end

  local function start(options)
    host = harness.start(options)
    ann, bob = host:user("ann"), host:user("bob")
    phone = host:user("ann")
    chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
    phone:forget()
  end

  local function waiting(who)
    return who:call("chat.scheduled", {}).scheduled
  end

  before_each(function()
    start { workers = 2 }
  end)

  after_each(function()
    host:stop()
  end)

  it("comes at its time, once, to all, from who scheduled it", function()
    assert(schedule(ann, 60, "a"))
    host:advance(58)
    bob:expect_none("chat.message")
    host:advance(4)
    local got = bob:expect("chat.message")
    assert.equal(ann.id, got.senderId)
    assert.equal("a", got.clientMsgId)
    assert.equal(ann.login.deviceId, got.deviceId)
    ann:expect("chat.message")
    phone:expect("chat.message")
    host:advance(60)
    bob:expect_none("chat.message")
    assert.same({}, waiting(ann))
  end)

  it("is listed on all own devices and told to them", function()
    assert(schedule(ann, 60, "a"))
    local told = phone:expect("chat.scheduling")
    assert.equal("scheduled", told.state)
    local list = waiting(phone)
    assert.equal(1, #list)
    assert.same({ text = "later" }, list[1].content)
    assert.equal(told.sendAt, list[1].sendAt)
    assert.equal(chat, list[1].chatId)
    assert.same({}, waiting(bob))
    bob:expect_none("chat.scheduling")
  end)

  it("is not sent once it was taken back", function()
    assert(schedule(ann, 60, "a"))
    local mine = { clientMsgId = "a", deviceId = ann.login.deviceId }
    local _, strange = bob:call("chat.unschedule", mine)
    assert.equal("not_found", strange.type)
    phone:forget()
    assert(phone:call("chat.unschedule", mine))
    assert.equal("unscheduled", ann:expect("chat.scheduling").state)
    host:advance(70)
    bob:expect_none("chat.message")
    local _, err = ann:call("chat.unschedule", { clientMsgId = "a" })
    assert.equal("not_found", err.type)
  end)

  it("is one under its identity, before and after it was sent", function()
    local at = now() + 60000
    local first = assert(schedule(ann, 0, "a", { sendAt = at }))
    assert.is_true(schedule(ann, 0, "a", { sendAt = at }).duplicate)
    assert.is_false(first.duplicate)
    local _, other = schedule(ann, 0, "a", { sendAt = at + 1 })
    assert.equal("conflict", other.type)
    host:advance(62)
    local sent = bob:expect("chat.message")
    local again = assert(schedule(ann, 0, "a", { sendAt = at }))
    assert.is_true(again.duplicate)
    assert.equal(sent.seq, again.seq)
    local direct = assert(ann:call("chat.send", {
      chatId = chat, clientMsgId = "a", type = "text", content = { text = "later" },
    }))
    assert.is_true(direct.duplicate)
    bob:expect_none("chat.message")
  end)

  it("does not come again when it was sent directly meanwhile", function()
    assert(schedule(ann, 60, "a"))
    assert(ann:call("chat.send", {
      chatId = chat, clientMsgId = "a", type = "text", content = { text = "later" },
    }))
    bob:expect("chat.message")
    host:advance(62)
    bob:expect_none("chat.message")
    assert.same({}, waiting(ann))
  end)

  it("opens a direct chat that was not there", function()
    local cid = host:user("cid")
    assert(ann:call("chat.schedule", {
      receiverId = cid.id, clientMsgId = "c", type = "text", content = { text = "hi" },
      sendAt = now() + 5000,
    }))
    host:advance(7)
    assert.same({ text = "hi" }, cid:expect("chat.message").content)
  end)

  it("survives a reload", function()
    assert(schedule(ann, 5, "a"))
    assert(host:reload("chat"))
    host:advance(7)
    bob:expect("chat.message")
    host:advance(7)
    bob:expect_none("chat.message")
  end)

  it("that is refused at its time says so and is kept", function()
    assert(schedule(ann, 5, "a"))
    assert(bob:call("user.block", { userId = ann.id }))
    phone:forget()
    host:advance(7)
    local told = phone:expect("chat.scheduling")
    assert.same({ "failed", "forbidden" }, { told.state, told.reason })
    assert.equal("forbidden", waiting(ann)[1].failed)
    bob:expect_none("chat.message")
    assert(ann:call("chat.unschedule", { clientMsgId = "a" }))
    assert.same({}, waiting(ann))
  end)

  it("may be refused by another plugin when it is due", function()
    host:stop()
    start { plugins = { "tests/specs/plugins" } }
    assert(schedule(ann, 5, "a"))
    assert(ann:call("asker.refuse", { chatId = chat }))
    host:advance(7)
    assert.equal("rejected", waiting(ann)[1].failed)
    bob:expect_none("chat.message")
  end)

  it("waits for slow mode", function()
    chat = assert(ann:call("group.create", { title = "g", memberIds = { bob.id } })).chatId
    assert(ann:call("group.update", { chatId = chat, slowModeS = 30 }))
    assert(schedule(bob, 5, "a"))
    assert(schedule(bob, 6, "b"))
    host:advance(9)
    assert.equal("a", ann:expect("chat.message").clientMsgId)
    ann:expect_none("chat.message")
    host:advance(30)
    assert.equal("b", ann:expect("chat.message").clientMsgId)
  end)

  it("goes with its user's account", function()
    assert(schedule(ann, 5, "a"))
    assert(ann:call("user.erase", { password = "correct horse battery" }))
    host:advance(20)
    bob:expect_none("chat.message")
  end)

  it("needs a time to come and a chat of the caller's", function()
    local _, past = schedule(ann, 0, "p")
    assert.equal("/sendAt", past.data.path)
    local _, far = schedule(ann, 400 * 86400, "p")
    assert.equal("/sendAt", far.data.path)
    local _, missing = ann:call("chat.schedule", {
      chatId = chat, clientMsgId = "a", type = "text", content = { text = "x" },
    })
    assert.equal("/sendAt", missing.data.path)
    local eve = host:user("eve")
    local _, strange = schedule(eve, 5, "e")
    local _, unknown = schedule(eve, 5, "e", { chatId = "nowhere" })
    assert.same(unknown, strange)
    local _, large = schedule(ann, 5, "l", { content = { text = ("x"):rep(16385) } })
    assert.equal("too_large", large.type)
    local _, nobody = schedule(ann, 5, "n", { chatId = false, receiverId = "nobody" })
    assert.equal("invalid_params", nobody.type)
  end)

  it("is one of at most a hundred", function()
    for i = 1, 100 do
      assert(schedule(ann, 1000, "n" .. i))
    end
    local _, err = schedule(ann, 1000, "n101")
    assert.equal("too_large", err.type)
    assert.is_true(schedule(ann, 0, "n1", { sendAt = waiting(ann)[1].sendAt }).duplicate)
  end)
end)

describe("a restart", function()
  it("loses no scheduled message", function()
    local folder = os.tmpname()
    os.remove(folder)
    local host = harness.start { data = folder }
    local ann, bob = host:user("ann"), host:user("bob")
    local at = ann.session.serverTime + 60000
    assert(ann:call("chat.schedule", {
      receiverId = bob.id, clientMsgId = "a", type = "text", content = { text = "x" }, sendAt = at,
    }))
    host:stop()
    host = harness.start { data = folder }
    bob = assert(host:connect())
    local login = assert(bob:call("user.login", {
      username = "bob", password = "correct horse battery",
    }))
    assert(bob:call("session.open", { token = login.accessToken }))
    host:advance(62)
    assert.same({ text = "x" }, bob:expect("chat.message").content)
    host:stop()
    os.execute("rm -rf " .. folder)
  end)
end)
