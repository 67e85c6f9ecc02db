-- Deleting for oneself: gone from one's own view, there for all others.
local harness = require "harness"

describe("a hidden message", function()
  local host, ann, bob, phone, chat
  local sends = 0

  local function send(who, words)
    sends = sends + 1
    return assert(who:call("chat.send", {
      chatId = chat,
      clientMsgId = "s" .. sends,
      type = "text",
      content = { text = words },
    })).seq
  end

  local function state_of(who)
    return who:call("sync.pull", {}).chats[1]
  end

  before_each(function()
    host = harness.start { workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
    phone = host:user("ann")
    chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
    send(bob, "one")
    send(bob, "two")
  end)

  after_each(function()
    host:stop()
  end)

  it("has no content in the own history, and all of it in the other's", function()
    assert(ann:call("chat.hide", { chatId = chat, targets = { 1 } }))
    local mine = ann:call("chat.history", { chatId = chat }).entries
    assert.equal(2, #mine)
    assert.is_true(mine[1].hidden)
    assert.is_nil(mine[1].content)
    assert.same({ text = "two" }, mine[2].content)
    local theirs = bob:call("chat.history", { chatId = chat }).entries
    assert.same({ text = "one" }, theirs[1].content)
    assert.is_nil(theirs[1].hidden)
  end)

  it("does not count as unread and is not the last one", function()
    assert.equal(2, state_of(ann).unread)
    assert(ann:call("chat.hide", { chatId = chat, targets = { 2 } }))
    local state = state_of(ann)
    assert.equal(1, state.unread)
    assert.equal(1, state.last.seq)
    assert.equal(2, state.lastSeq)
    assert.equal(1, state.hides)
    assert.equal(2, state_of(bob).last.seq)
  end)

  it("goes on the other devices by an event, once", function()
    phone:forget()
    assert(ann:call("chat.hide", { chatId = chat, targets = { 2, 1, 1 } }))
    local told = phone:expect("chat.updated")
    assert.same({ 1, 2 }, told.hidden)
    assert.equal(2, told.hides)
    bob:expect_none("chat.updated")
    assert(phone:call("chat.hide", { chatId = chat, targets = { 1 } }))
    ann:expect_none("chat.updated")
    assert.same({ 1, 2 }, phone:call("chat.hidden", { chatId = chat }).targets)
    assert.same({ 2 }, phone:call("chat.hidden", { chatId = chat, after = 1 }).targets)
    assert.same({}, bob:call("chat.hidden", { chatId = chat }).targets)
  end)

  it("comes to a device that was away by the next pull", function()
    local cursor = phone:call("sync.pull", {}).cursor
    assert(ann:call("chat.hide", { chatId = chat, targets = { 2 } }))
    assert.equal(1, phone:call("sync.pull", { cursor = cursor }).chats[1].hides)
  end)

  it("hides its edits and reactions, too", function()
    assert(bob:call("chat.edit", {
      chatId = chat, target = 1, clientMsgId = "e", content = { text = "uno" },
    }))
    assert(bob:call("chat.react", {
      chatId = chat, target = 1, clientMsgId = "r", emoji = "x", on = true,
    }))
    assert(ann:call("chat.hide", { chatId = chat, targets = { 1 } }))
    local mine = ann:call("chat.history", { chatId = chat }).entries
    assert.is_nil(mine[1].reactions)
    assert.is_true(mine[3].hidden)
    assert.is_nil(mine[3].content)
    assert.same({ text = "uno" }, bob:call("chat.history", { chatId = chat }).entries[3].content)
  end)

  it("must be a message that the caller sees", function()
    local eve = host:user("eve")
    local _, unknown = eve:call("chat.hide", { chatId = "nowhere", targets = { 1 } })
    local _, strange = eve:call("chat.hide", { chatId = chat, targets = { 1 } })
    assert.same(unknown, strange)
    assert.equal("not_found", strange.type)
    local _, missing = ann:call("chat.hide", { chatId = chat, targets = { 1, 9 } })
    assert.equal("not_found", missing.type)
    assert.equal(2, state_of(ann).unread)
    for _, wrong in ipairs { {}, { 0 }, { "1" }, "1" } do
      local _, err = ann:call("chat.hide", { chatId = chat, targets = wrong })
      assert.equal("invalid_params", err.type)
    end
  end)
end)
