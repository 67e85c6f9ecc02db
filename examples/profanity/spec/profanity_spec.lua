-- profanity, as two people see it.
local harness = require "harness"

describe("profanity", function()
  local host, ann, bob, sent_count

  before_each(function()
    host = harness.start { plugins = { "examples" } }
    ann, bob, sent_count = host:user("ann"), host:user("bob"), 0
  end)

  after_each(function()
    host:stop()
  end)

  local function send(text)
    sent_count = sent_count + 1
    return ann:call("chat.send", {
      receiverId = bob.id,
      clientMsgId = "m" .. sent_count,
      type = "text",
      content = { text = text },
    })
  end

  it("lets a clean message through", function()
    assert(send("what a fine heckler"))
    assert.equal("what a fine heckler", bob:expect("chat.message").content.text)
  end)

  it("refuses a bad word, says why, and nothing is written", function()
    local result, err = send("Oh HECK!")
    assert.is_nil(result)
    assert.equal("rejected", err.type)
    assert.equal("profanity", err.data.plugin)
    assert.truthy(err.data.reason:find("heck", 1, true))
    bob:expect_none("chat.message")
  end)

  it("refuses a bad word that comes by an edit", function()
    local sent = assert(send("fine"))
    local _, err = ann:call("chat.edit", {
      chatId = sent.chatId,
      target = sent.seq,
      clientMsgId = "edit",
      content = { text = "darn" },
    })
    assert.equal("rejected", err.type)
  end)
end)
