-- Drafts: on all devices of who writes, and nowhere else.
local harness = require "harness"

describe("a draft", function()
  local host, ann, bob, phone, chat

  local function draft_of(who)
    return who:call("sync.pull", {}).chats[1].draft
  end

  local function set(who, words)
    return who:call("chat.draft", { chatId = chat, text = words })
  end

  before_each(function()
    host = harness.start { workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
    phone = host:user("ann")
    chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
    assert(ann:call("chat.send", {
      chatId = chat, clientMsgId = "a", type = "text", content = { text = "hi" },
    }))
    phone:forget()
  end)

  after_each(function()
    host:stop()
  end)

  it("reaches the other device, by event and by pull", function()
    local cursor = phone:call("sync.pull", {}).cursor
    assert(ann:call("chat.draft", { chatId = chat, text = "I thi", replyTo = 1 }))
    local told = phone:expect("chat.updated").draft
    assert.equal("I thi", told.text)
    assert.equal(1, told.replyTo)
    ann:expect_none("chat.updated")
    assert.same(told, phone:call("sync.pull", { cursor = cursor }).chats[1].draft)
  end)

  it("is nobody else's to see", function()
    assert(set(ann, "secret"))
    bob:expect_none("chat.updated")
    assert.is_nil(draft_of(bob))
  end)

  it("ends by null and by an empty text", function()
    for _, empty in ipairs { harness.null, "" } do
      assert(set(ann, "x"))
      phone:forget()
      assert(set(ann, empty))
      assert.equal(harness.null, phone:expect("chat.updated").draft)
      assert.is_nil(draft_of(ann))
      assert(set(ann, empty))
      phone:expect_none("chat.updated")
    end
  end)

  it("is refused where the caller is not in, and over its limit", function()
    local eve = host:user("eve")
    local _, strange = set(eve, "x")
    assert.equal("not_found", strange.type)
    local _, unknown = eve:call("chat.draft", { chatId = "nowhere", text = "x" })
    assert.same(unknown, strange)
    local _, large = set(ann, ("x"):rep(16385))
    assert.equal("too_large", large.type)
    local _, missing = ann:call("chat.draft", { chatId = chat })
    assert.equal("invalid_params", missing.type)
    assert.is_nil(draft_of(ann))
  end)

  it("is not shown of a group that was left", function()
    chat = assert(ann:call("group.create", { title = "g", memberIds = { bob.id } })).chatId
    assert(set(bob, "bye"))
    assert(bob:call("group.leave", { chatId = chat }))
    assert.is_nil(draft_of(bob))
    local _, err = set(bob, "still")
    assert.equal("forbidden", err.type)
  end)
end)
