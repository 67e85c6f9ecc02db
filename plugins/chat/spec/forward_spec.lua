-- Forwards: the server copies what the caller may read, and says whose it was.
local harness = require "harness"

describe("a forward", function()
  local host, ann, bob, cid, chat
  local sends = 0

  local function send(who, to, more)
    sends = sends + 1
    local params = {
      receiverId = to.id, clientMsgId = "s" .. sends, type = "text", content = { text = "hi" },
    }
    for name, value in pairs(more or {}) do
      params[name] = value
    end
    return assert(who:call("chat.send", params))
  end

  local function forward(who, to, seq, id, from)
    sends = sends + 1
    return who:call("chat.forward", {
      receiverId = to.id,
      from = { chatId = from or chat, seq = seq },
      clientMsgId = id or "f" .. sends,
    })
  end

  before_each(function()
    host = harness.start { workers = 2 }
    ann, bob, cid = host:user("ann"), host:user("bob"), host:user("cid")
    chat = send(ann, bob).chatId
  end)

  after_each(function()
    host:stop()
  end)

  it("brings the content and who wrote it first, also when forwarded again", function()
    assert(forward(bob, cid, 1))
    local got = cid:expect("chat.message")
    assert.equal(bob.id, got.senderId)
    assert.same({ text = "hi" }, got.content)
    assert.equal(ann.id, got.forwardedFrom.senderId)
    local there = cid:call("chat.history", { chatId = got.chatId }).entries[1]
    assert.same(got.forwardedFrom, there.forwardedFrom)
    assert(forward(cid, cid, got.seq, nil, got.chatId))
    local notes = cid:call("sync.pull", {}).chats[1].last
    assert.same(got.forwardedFrom, notes.forwardedFrom)
  end)

  it("is the same when asked again, even when its source is gone", function()
    local first = assert(forward(bob, cid, 1, "same"))
    assert(ann:call("chat.delete", { chatId = chat, target = 1, clientMsgId = "d" }))
    local again = assert(forward(bob, cid, 1, "same"))
    assert.is_true(again.duplicate)
    assert.equal(first.messageId, again.messageId)
    local _, other = forward(bob, cid, 2, "same")
    assert.equal("conflict", other.type)
    local _, gone = forward(bob, cid, 1)
    assert.equal("not_found", gone.type)
  end)

  it("copies an edited message as it is, and no mentions or replies", function()
    send(ann, bob, { mentions = { bob.id }, replyTo = 1 })
    assert(ann:call("chat.edit", {
      chatId = chat, target = 2, clientMsgId = "e", content = { text = "new" },
    }))
    assert(forward(bob, cid, 2))
    local got = cid:expect("chat.message")
    assert.same({ text = "new" }, got.content)
    assert.is_nil(got.mentions)
    assert.is_nil(got.replyTo)
  end)

  it("does not outlive the time of its source", function()
    send(ann, bob, { expiresIn = 10 })
    host:advance(4)
    assert(forward(bob, cid, 2))
    local got = cid:expect("chat.message")
    assert.is_true(got.expiresAt - got.sentAt <= 6000)
  end)

  it("is refused for what the caller does not read", function()
    local _, strange = forward(cid, cid, 1)
    local _, unknown = forward(cid, cid, 1, nil, "nowhere")
    assert.same(unknown, strange)
    assert.equal("not_found", strange.type)
    assert(bob:call("chat.hide", { chatId = chat, targets = { 1 } }))
    local _, hidden = forward(bob, cid, 1)
    assert.equal("not_found", hidden.type)
    local _, both = bob:call("chat.forward", {
      chatId = chat, receiverId = cid.id, from = { chatId = chat, seq = 1 }, clientMsgId = "x",
    })
    assert.equal("invalid_params", both.type)
    cid:expect_none("chat.message")
  end)

  it("is not made of sealed content", function()
    send(ann, bob, { type = "sealed", content = { ciphertext = "AAAA", scheme = "x" } })
    local _, err = forward(bob, cid, 2)
    assert.equal("invalid_params", err.type)
    assert.equal("/from/seq", err.data.path)
  end)

  it("of a group one left shows what was there when one left", function()
    local group = assert(ann:call("group.create", { title = "g", memberIds = { bob.id } })).chatId
    local m = assert(ann:call("chat.send", {
      chatId = group, clientMsgId = "g", type = "text", content = { text = "old" },
    }))
    assert(bob:call("group.leave", { chatId = group }))
    assert(ann:call("chat.edit", {
      chatId = group, target = m.seq, clientMsgId = "ge", content = { text = "secret" },
    }))
    assert(forward(bob, cid, m.seq, nil, group))
    assert.same({ text = "old" }, cid:expect("chat.message").content)
  end)

  it("to who blocked the caller is refused", function()
    assert(cid:call("user.block", { userId = bob.id }))
    local _, err = forward(bob, cid, 1)
    assert.equal("forbidden", err.type)
  end)

  it("can't be edited into what its author never wrote", function()
    local made = assert(forward(bob, cid, 1))
    local _, err = bob:call("chat.edit", {
      chatId = made.chatId, target = 1, clientMsgId = "e", content = { text = "I owe bob" },
    })
    assert.equal("forbidden", err.type)
  end)

  it("loses its origin with its content", function()
    local made = assert(forward(bob, cid, 1))
    assert(bob:call("chat.delete", { chatId = made.chatId, target = 1, clientMsgId = "d" }))
    local e = cid:call("chat.history", { chatId = made.chatId }).entries[1]
    assert.is_true(e.deleted)
    assert.is_nil(e.forwardedFrom)
  end)
end)
