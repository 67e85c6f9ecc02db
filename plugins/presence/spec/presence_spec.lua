local harness = require "harness"

describe("presence", function()
  local host, ann, bob

  before_each(function()
    host = harness.start { workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
  end)

  after_each(function()
    host:stop()
  end)

  local function watch(client, ...)
    return assert(client:call("presence.watch", { userIds = { ... } })).users
  end

  local function one(update)
    assert.equal(1, #update.users)
    return update.users[1]
  end

  -- The server's clock moves while calls are answered, so times are near, not equal.
  local function now()
    return assert(ann:call("session.open", {})).serverTime
  end

  local function assert_left(user, at)
    assert.equal("offline", user.status)
    assert.is_true(math.abs(user.lastSeenAt - at) <= 100)
  end

  it("shows who is there and leaves unknown users out", function()
    assert.same({ { userId = bob.id, status = "online" } }, watch(ann, bob.id, "u_nobody"))
  end)

  it("tells a chosen status, and when it runs out", function()
    watch(ann, bob.id)
    assert(bob:call("presence.set", {
      status = "busy", text = "lunch", ["until"] = now() + 60000,
    }))
    assert.same({ userId = bob.id, status = "busy", text = "lunch" },
      one(ann:expect("presence.update")))
    host:advance(61)
    assert.same({ userId = bob.id, status = "online" }, one(ann:expect("presence.update")))
  end)

  it("tells a user's own devices what was chosen, as it is now", function()
    local tablet = host:user("bob")
    local ends = now() + 60000
    assert.same({ status = "online", doNotDisturb = false }, bob:call("presence.get", {}))
    assert(bob:call("presence.set", {
      status = "busy", text = " deep\u{202e}  work", ["until"] = ends, doNotDisturb = true,
    }))
    local chosen = { status = "busy", text = "deep work", ["until"] = ends, doNotDisturb = true }
    assert.same(chosen, tablet:expect("presence.chosen"))
    bob:expect_none("presence.chosen")
    assert.same(chosen, tablet:call("presence.get", {}))
    host:advance(61)
    assert.same({ status = "online", doNotDisturb = false }, tablet:call("presence.get", {}))
  end)

  it("lets only who is busy be left in peace", function()
    local _, err = bob:call("presence.set", { status = "away", doNotDisturb = true })
    assert.equal("/doNotDisturb", err.data.path)
    _, err = bob:call("presence.set", { status = "busy", ["until"] = now() - 1 })
    assert.equal("/until", err.data.path)
    _, err = bob:call("presence.set", { status = "asleep" })
    assert.equal("invalid_params", err.type)
  end)

  it("does not tell others that somebody wants no noise", function()
    watch(ann, bob.id)
    assert(bob:call("presence.set", { status = "busy", doNotDisturb = true }))
    assert.same({ userId = bob.id, status = "busy" }, one(ann:expect("presence.update")))
    ann:expect_none("presence.chosen")
  end)

  it("gives the choice with the export", function()
    assert(bob:call("presence.set", { status = "away", text = "gone" }))
    assert.equal("gone", assert(bob:call("user.export", {})).sections.presence.text)
  end)

  it("calls somebody offline ten seconds after the last session closed", function()
    watch(ann, bob.id)
    local left_at = now()
    bob:drop()
    host:advance(9)
    ann:expect_none("presence.update")
    host:advance(2)
    assert_left(one(ann:expect("presence.update")), left_at)
  end)

  it("does not tell of a phone that changes its network", function()
    watch(ann, bob.id)
    bob:drop()
    host:advance(5)
    host:user("bob")
    host:advance(20)
    ann:expect_none("presence.update")
    assert.equal("online", watch(ann, bob.id)[1].status)
  end)

  it("shows somebody in the grace as online to a new watcher", function()
    bob:drop()
    host:advance(5)
    assert.equal("online", watch(ann, bob.id)[1].status)
  end)

  it("shows the invisible as offline, with the time they hid", function()
    watch(ann, bob.id)
    local hid_at = now()
    assert(bob:call("presence.set", { status = "invisible" }))
    local seen = one(ann:expect("presence.update"))
    assert_left(seen, hid_at)
    bob:drop()
    host:advance(30)
    ann:expect_none("presence.update")
    assert.same({ seen }, watch(ann, bob.id))
  end)

  it("sends at most one update a second", function()
    watch(ann, bob.id)
    for _, status in ipairs { "away", "busy", "online", "away" } do
      assert(bob:call("presence.set", { status = status }))
    end
    assert.equal("away", one(ann:expect("presence.update")).status)
    ann:expect_none("presence.update")
    host:advance(1.1)
    assert.equal("away", one(ann:expect("presence.update")).status)
    ann:expect_none("presence.update")
  end)

  it("replaces the earlier watch", function()
    local cid = host:user("cid")
    watch(ann, bob.id)
    watch(ann, cid.id)
    assert(bob:call("presence.set", { status = "busy" }))
    ann:expect_none("presence.update")
  end)

  it("hides all from who is blocked, from that moment on", function()
    watch(ann, bob.id)
    assert(bob:call("user.block", { userId = ann.id }))
    assert.same({ userId = bob.id, status = "offline" }, one(ann:expect("presence.update")))
    host:advance(2)
    assert(bob:call("presence.set", { status = "busy" }))
    ann:expect_none("presence.update")
    assert.same({ { userId = bob.id, status = "offline" } }, watch(ann, bob.id))
    assert(bob:call("user.unblock", { userId = ann.id }))
    host:advance(2)
    assert.equal("busy", one(ann:expect("presence.update")).status)
  end)

  it("shows the last time to contacts only where the user wants it so", function()
    local cid = host:user("cid")
    assert(bob:call("user.update", { privacy = { lastSeen = "contacts" } }))
    assert(ann:call("chat.open", { userId = bob.id }))
    bob:drop()
    host:advance(11)
    assert.is_not_nil(watch(ann, bob.id)[1].lastSeenAt)
    assert.is_nil(watch(cid, bob.id)[1].lastSeenAt)
  end)

  it("goes on telling after a reload, and not what was told", function()
    watch(ann, bob.id)
    host:reload("presence")
    host:advance(2)
    ann:expect_none("presence.update")
    assert(bob:call("presence.set", { status = "busy" }))
    assert.equal("busy", one(ann:expect("presence.update")).status)
  end)

  it("loses no watch that is being read when the code is replaced", function()
    for turn = 1, 5 do
      local id = ann:start("presence.watch", { userIds = { bob.id } })
      if turn > 1 then
        host:advance(turn / 1000)
      end
      assert(host:reload("presence"))
      host:advance(2)
      assert.is_not_nil(assert(ann:answer(id)).result)
      ann:forget()
      local status = turn % 2 == 0 and "away" or "busy"
      assert(bob:call("presence.set", { status = status }))
      assert.equal(status, one(ann:expect("presence.update")).status)
    end
  end)

  it("ends a grace that began before a reload", function()
    watch(ann, bob.id)
    bob:drop()
    host:advance(5)
    host:reload("presence")
    host:advance(6)
    assert.equal("offline", one(ann:expect("presence.update")).status)
  end)
end)

describe("typing", function()
  local host, ann, bob, chat

  before_each(function()
    host = harness.start { workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
    chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
  end)

  after_each(function()
    host:stop()
  end)

  local function set(client, state)
    return client:call("typing.set", { chatId = chat, state = state })
  end

  it("is told to the others and not to the writer", function()
    assert(set(ann, "typing"))
    assert.same({ chatId = chat, userId = ann.id, state = "typing", ttlMs = 6000 },
      bob:expect("typing.update"))
    ann:expect_none("typing.update")
  end)

  it("ends after six seconds of silence", function()
    assert(set(ann, "typing"))
    bob:expect("typing.update")
    host:advance(4)
    assert(set(ann, "typing"))
    bob:expect("typing.update")
    host:advance(4)
    bob:expect_none("typing.update")
    host:advance(3)
    assert.equal("idle", bob:expect("typing.update").state)
    host:advance(10)
    bob:expect_none("typing.update")
  end)

  it("ends by idle, once", function()
    assert(set(ann, "recording"))
    assert.equal("recording", bob:expect("typing.update").state)
    assert(set(ann, "idle"))
    assert.equal("idle", bob:expect("typing.update").state)
    assert(set(ann, "idle"))
    bob:expect_none("typing.update")
  end)

  it("ends by the message", function()
    assert(set(ann, "typing"))
    bob:expect("typing.update")
    assert(ann:call("chat.send", {
      chatId = chat, clientMsgId = "1", type = "text", content = { text = "hi" },
    }))
    assert.equal("idle", bob:expect("typing.update").state)
    host:advance(10)
    bob:expect_none("typing.update")
  end)

  it("is refused to a stranger without a sign to anybody", function()
    local cid = host:user("cid")
    local ok, err = set(cid, "typing")
    assert.is_nil(ok)
    assert.equal("not_found", err.data.type)
    local idle, why = set(cid, "idle")
    assert.is_nil(idle)
    assert.equal("not_found", why.data.type)
    ann:expect_none("typing.update")
    bob:expect_none("typing.update")
  end)

  it("is hidden from who is blocked", function()
    assert(ann:call("user.block", { userId = bob.id }))
    assert(set(ann, "typing"))
    bob:expect_none("typing.update")
  end)

  it("ends after a reload, too", function()
    assert(set(ann, "typing"))
    bob:expect("typing.update")
    host:reload("presence")
    host:advance(7)
    assert.equal("idle", bob:expect("typing.update").state)
  end)
end)
