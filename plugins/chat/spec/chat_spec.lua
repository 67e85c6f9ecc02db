-- Two sides of a direct chat, on a real host.
local harness = require "harness"

local function text(s)
  return { text = s }
end

describe("a direct chat", function()
  local host, ann, bob, chat
  local sends = 0

  local function send(who, words, more)
    sends = sends + 1
    local params = {
      chatId = chat,
      clientMsgId = "s" .. sends,
      type = "text",
      content = text(words),
    }
    for name, value in pairs(more or {}) do
      params[name] = value
    end
    return who:call("chat.send", params)
  end

  local function fails(with, result, err)
    assert.is_nil(result)
    assert.equal(with, err.data.type)
    return err
  end

  before_each(function()
    host = harness.start {}
    ann, bob = host:user("ann"), host:user("bob")
    chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
  end)

  after_each(function()
    host:stop()
  end)

  it("is the same whoever opens it", function()
    assert.equal(chat, bob:call("chat.open", { userId = ann.id }).chatId)
  end)

  it("gives a message its seq, and the other side the message", function()
    local sent = send(ann, "hi")
    assert.equal(1, sent.seq)
    assert.is_false(sent.duplicate)
    local got = bob:expect("chat.message")
    assert.equal(sent.messageId, got.messageId)
    assert.same(text("hi"), got.content)
    ann:expect_none()
  end)

  it("answers a repeated send with the first", function()
    local first = send(ann, "hi", { clientMsgId = "same" })
    bob:expect("chat.message")
    local again = send(ann, "hi", { clientMsgId = "same" })
    assert.is_true(again.duplicate)
    assert.equal(first.seq, again.seq)
    bob:expect_none()
    fails("conflict", send(ann, "ho", { clientMsgId = "same" }))
  end)

  it("is the same chat by receiverId", function()
    local first = send(ann, "hi", { clientMsgId = "same" })
    local again = ann:call("chat.send", {
      receiverId = bob.id,
      clientMsgId = "same",
      type = "text",
      content = text("hi"),
    })
    assert.equal(first.seq, again.seq)
    assert.is_true(again.duplicate)
  end)

  it("is to a stranger like one that does not exist", function()
    local eve = host:user("eve")
    local probe = { chatId = chat, clientMsgId = "x", type = "text", content = text("hi") }
    local there = fails("not_found", eve:call("chat.send", probe))
    probe.chatId = "nowhere"
    local nowhere = fails("not_found", eve:call("chat.send", probe))
    assert.same(there.data, nowhere.data)
    assert.equal(there.message, nowhere.message)
  end)

  it("shows an edit to both", function()
    send(ann, "helo")
    bob:expect("chat.message")
    local edit = { chatId = chat, target = 1, content = text("hello"), clientMsgId = "e" }
    assert.equal(2, ann:call("chat.edit", edit).seq)
    assert.same(text("hello"), bob:expect("chat.edited").content)
    assert.is_true(ann:call("chat.edit", edit).duplicate)
    local entries = bob:call("chat.history", { chatId = chat }).entries
    assert.same(text("hello"), entries[1].content)
    edit.clientMsgId = "f"
    fails("forbidden", bob:call("chat.edit", edit))
  end)

  it("keeps a tombstone of what was deleted, and nothing of its content", function()
    send(ann, "secret")
    ann:call("chat.edit", { chatId = chat, target = 1, content = text("more"), clientMsgId = "e" })
    local gone = ann:call("chat.delete", { chatId = chat, target = 1, clientMsgId = "d" })
    assert.equal(3, gone.seq)
    assert.equal(3, ann:call("chat.delete", { chatId = chat, target = 1, clientMsgId = "d2" }).seq)
    local entries = bob:call("chat.history", { chatId = chat }).entries
    assert.is_true(entries[1].deleted)
    assert.is_nil(entries[1].content)
    assert.is_nil(entries[2].content)
  end)

  it("sets a reaction once", function()
    send(ann, "hi")
    local react = { chatId = chat, target = 1, emoji = "+", on = true, clientMsgId = "r1" }
    local set = bob:call("chat.react", react)
    assert.is_true(ann:expect("chat.reaction").on)
    react.clientMsgId = "r2"
    assert.equal(set.seq, bob:call("chat.react", react).seq)
    local entries = ann:call("chat.history", { chatId = chat }).entries
    assert.same({ { emoji = "+", userIds = { bob.id } } }, entries[1].reactions)
  end)

  it("lets an expiring message end by a delete that nobody sent", function()
    send(ann, "soon gone", { expiresIn = 5 })
    bob:expect("chat.message")
    host:advance(4)
    bob:expect_none()
    host:advance(3)
    local gone = bob:expect("chat.deleted")
    assert.equal(1, gone.target)
    assert.equal(2, gone.seq)
  end)

  it("refuses a sender whom the other side blocks", function()
    assert(bob:call("user.block", { userId = ann.id }))
    fails("forbidden", send(ann, "hi"))
    fails("forbidden", ann:call("chat.open", { userId = bob.id }))
    assert(send(bob, "but I may"))
  end)

  it("goes on over a reload", function()
    send(ann, "before", { clientMsgId = "b" })
    bob:expect("chat.message")
    host:reload("chat")
    assert.is_true(send(ann, "before", { clientMsgId = "b" }).duplicate)
    assert.equal(2, send(ann, "after").seq)
    assert.equal(2, bob:expect("chat.message").seq)
  end)

  it("tells pins to both and mutes to oneself", function()
    send(ann, "hi")
    bob:expect("chat.message")
    assert(ann:call("chat.pin", { chatId = chat, target = 1, on = true }))
    assert.same({ 1 }, bob:expect("chat.updated").pins)
    assert(bob:call("chat.mute", { chatId = chat, ["until"] = 99 }))
    assert.equal(99, bob:call("sync.pull", {}).chats[1].muted)
    bob:expect_none()
  end)
end)
