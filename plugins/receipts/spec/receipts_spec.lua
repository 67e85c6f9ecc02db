-- Ticks on both sides, on a real host.
local harness = require "harness"

describe("a receipt", function()
  local host, ann, bob, chat

  before_each(function()
    host = harness.start {}
    ann, bob = host:user("ann"), host:user("bob")
    for i = 1, 3 do
      chat = assert(ann:call("chat.send", {
        receiverId = bob.id,
        clientMsgId = "m" .. i,
        type = "text",
        content = { text = "hi" },
      })).chatId
      bob:expect("chat.message")
    end
  end)

  after_each(function()
    host:stop()
  end)

  it("only rises, and read implies delivered", function()
    local mark = { chatId = chat, read = 2 }
    assert.same({ delivered = 2, read = 2 }, bob:call("receipts.mark", mark))
    assert.equal(2, ann:expect("receipts.update").read)
    mark.read = 1
    assert.same({ delivered = 2, read = 2 }, bob:call("receipts.mark", mark))
    ann:expect_none()
    assert.equal(1, bob:call("sync.pull", {}).chats[1].unread)
    assert.equal(2, ann:call("sync.pull", {}).chats[1].peerRead)
  end)

  it("is not for what is not there", function()
    local result, err = bob:call("receipts.mark", { chatId = chat, read = 4 })
    assert.is_nil(result)
    assert.equal("/read", err.data.path)
  end)

  it("of who hides stops at the last one shown", function()
    assert(bob:call("receipts.mark", { chatId = chat, read = 1 }))
    ann:expect("receipts.update")
    assert(bob:call("user.update", { privacy = { readReceipts = false } }))
    assert.equal(3, bob:call("receipts.mark", { chatId = chat, read = 3 }).read)
    local update = ann:expect("receipts.update")
    assert.same({ 3, 1 }, { update.delivered, update.read })
    local who = ann:call("receipts.get", { chatId = chat, seq = 3 })
    assert.same({ bob.id }, who.deliveredBy)
    assert.same({}, who.readBy)
  end)

  it("of a blocker are not shown to who is blocked", function()
    assert(bob:call("user.block", { userId = ann.id }))
    assert(bob:call("receipts.mark", { chatId = chat, read = 2 }))
    local update = ann:expect("receipts.update")
    assert.same({ 2, 0 }, { update.delivered, update.read })
    assert.equal(0, ann:call("sync.pull", {}).chats[1].peerRead)
    assert.same({}, ann:call("receipts.get", { chatId = chat, seq = 1 }).readBy)
    assert(bob:call("user.unblock", { userId = ann.id }))
    assert(bob:call("receipts.mark", { chatId = chat, read = 3 }))
    assert.equal(3, ann:expect("receipts.update").read)
  end)

  it("are for members only, a stranger's chat being like none", function()
    local eve = host:user("eve")
    local _, hidden = eve:call("receipts.mark", { chatId = chat, read = 1 })
    local _, unknown = eve:call("receipts.mark", { chatId = "dnothing", read = 1 })
    assert.equal("not_found", hidden.type)
    assert.same(unknown, hidden)
    _, hidden = eve:call("receipts.get", { chatId = chat, seq = 1 })
    _, unknown = eve:call("receipts.get", { chatId = "dnothing", seq = 1 })
    assert.same(unknown, hidden)
  end)
end)
