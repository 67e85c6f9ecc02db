-- What is left of a chat for who leaves it, and of a user who is erased.
local harness = require "harness"

local PASSWORD = "correct horse battery" -- what the harness registers with

describe("who leaves", function()
  local host, ann, bob, group
  local sends = 0

  local function say(who, words)
    sends = sends + 1
    return assert(who:call("chat.send", {
      chatId = group,
      clientMsgId = "l" .. sends,
      type = "text",
      content = { text = words },
    })).seq
  end

  local function entry(who, seq)
    local page = assert(who:call("chat.history", { chatId = group, around = seq, limit = 1 }))
    return page.entries[1]
  end

  before_each(function()
    host = harness.start { workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
    local new = { title = "Kitchen", memberIds = { bob.id } }
    group = assert(ann:call("group.create", new)).chatId
  end)

  after_each(function()
    host:stop()
  end)

  it("sees messages as they were when leaving", function()
    local plain, edited = say(ann, "first"), say(ann, "second")
    local function edit(target, words, id)
      assert(ann:call("chat.edit", {
        chatId = group, target = target, content = { text = words }, clientMsgId = id,
      }))
    end
    edit(edited, "second, better", "e1")
    assert(bob:call("group.leave", { chatId = group }))
    edit(plain, "first, later", "e2")
    edit(edited, "second, later", "e3")
    assert(ann:call("chat.react", {
      chatId = group, target = plain, emoji = "+", on = true, clientMsgId = "r",
    }))
    assert.same({ text = "first" }, entry(bob, plain).content)
    assert.is_nil(entry(bob, plain).editedAt)
    assert.is_nil(entry(bob, plain).reactions)
    assert.same({ text = "second, better" }, entry(bob, edited).content)
    assert.same({ text = "first, later" }, entry(ann, plain).content)
    local state = bob:call("sync.pull", {}).chats[1]
    assert.is_true(state.left)
    assert.same({ text = "second, better" }, state.last.content)
  end)

  it("does not keep what is deleted for all", function()
    local seq = say(ann, "secret")
    assert(bob:call("group.leave", { chatId = group }))
    assert(ann:call("chat.delete", { chatId = group, target = seq, clientMsgId = "d" }))
    assert.is_true(entry(bob, seq).deleted)
    assert.is_nil(entry(bob, seq).content)
  end)

  it("hears nothing more, though a pin comes first", function()
    local seq = say(ann, "before")
    assert(bob:call("group.leave", { chatId = group }))
    bob:forget()
    assert(ann:call("chat.pin", { chatId = group, target = seq, on = true }))
    say(ann, "secret")
    bob:expect_none()
  end)

  it("and comes back reads from the newest joining", function()
    say(ann, "before")
    assert(bob:call("group.leave", { chatId = group }))
    say(ann, "meanwhile")
    assert(ann:call("group.add", { chatId = group, userIds = { bob.id } }))
    local page = bob:call("chat.history", { chatId = group, after = 0 })
    assert.equal(1, #page.entries)
    assert.equal("added", page.entries[1].change.action)
  end)

  it("by being erased leaves tombstones and hands the group over", function()
    say(ann, "mine")
    assert(ann:call("user.erase", { password = PASSWORD }))
    host:advance(11)
    assert.is_true(entry(bob, 2).deleted)
    local page = bob:call("group.members", { chatId = group })
    assert.same({ bob.id, "owner" }, { page.members[1].userId, page.members[1].role })
    assert.equal(1, #page.members)
  end)
end)

describe("slow mode", function()
  it("lets a member send once in its time, and admins always", function()
    local host = harness.start {}
    local ann, bob = host:user("ann"), host:user("bob")
    local new = { title = "Kitchen", memberIds = { bob.id } }
    local group = assert(ann:call("group.create", new)).chatId
    assert(ann:call("group.update", { chatId = group, slowModeS = 10 }))
    local function say(who, id)
      return who:call("chat.send", {
        chatId = group, clientMsgId = id, type = "text", content = { text = "hi" },
      })
    end
    assert(say(bob, "1"))
    local result, err = say(bob, "2")
    assert.is_nil(result)
    assert.equal("rate_limited", err.data.type)
    assert.is_true(err.data.retryAfterMs > 0 and err.data.retryAfterMs <= 10000)
    assert.is_true(say(bob, "1").duplicate)
    assert(say(ann, "1"))
    assert(say(ann, "2"))
    host:advance(10)
    assert(say(bob, "2"))
    host:stop()
  end)
end)
