-- The own copy: what a user wrote and where, all of it and nothing else.
local harness = require "harness"

describe("the chat section of an export", function()
  local host, ann, bob
  local sends = 0

  local function send(who, to, words)
    sends = sends + 1
    return assert(who:call("chat.send", {
      receiverId = to.id, clientMsgId = "s" .. sends, type = "text", content = { text = words },
    }))
  end

  before_each(function()
    host = harness.start { plugins = { "tests/specs/plugins" } }
    ann, bob = host:user("ann"), host:user("bob")
  end)

  after_each(function()
    host:stop()
  end)

  it("has the own chats, messages, drafts and what waits", function()
    local chat = send(ann, bob, "mine").chatId
    send(bob, ann, "not mine")
    local gone = send(ann, bob, "gone").seq
    assert(ann:call("chat.delete", { chatId = chat, target = gone, clientMsgId = "d" }))
    assert(ann:call("chat.draft", { chatId = chat, text = "half a" }))
    assert(ann:call("chat.schedule", {
      chatId = chat, clientMsgId = "w", type = "text", content = { text = "later" },
      sendAt = ann.session.serverTime + 60000,
    }))
    local section = assert(ann:call("user.export", {})).sections.chat
    assert.equal(1, #section.chats)
    assert.same({ chat, "direct", bob.id },
      { section.chats[1].chatId, section.chats[1].kind, section.chats[1].userId })
    assert.equal(1, #section.messages)
    assert.same({ text = "mine" }, section.messages[1].content)
    assert.is_false(section.moreMessages)
    assert.equal("half a", section.drafts[1].text)
    assert.same({ text = "later" }, section.scheduled[1].message.content)
  end)

  it("is empty for who wrote nothing", function()
    send(ann, bob, "hers")
    local section = assert(bob:call("user.export", {})).sections.chat
    assert.same({}, section.messages)
    assert.equal(1, #section.chats)
  end)

  it("goes on page after page until all is told once", function()
    for i = 1, 180 do
      send(ann, bob, "n" .. i)
    end
    local words = ("x"):rep(16000)
    for _ = 1, 40 do
      send(ann, bob, words)
    end
    assert.is_true(assert(ann:call("user.export", {})).sections.chat.moreMessages)
    local seen, count, pages, after = {}, 0, 0, nil
    repeat
      local page = assert(bob:call("asker.ask", {
        export = "chat.written", args = { userId = ann.id, after = after },
      }))
      for _, m in ipairs(page.messages) do
        assert.is_nil(seen[m.seq])
        seen[m.seq] = true
        count = count + 1
      end
      after, pages = page.after, pages + 1
    until not after
    assert.equal(220, count)
    assert.is_true(pages >= 3)
  end)
end)
