-- Retention: after their days messages are tombstones for everybody.
local here = debug.getinfo(1, "S").source:match("^@(.*)spec/retain_spec") or "./"
local harness = require "harness"

local DAY_S = 86400

describe("retention", function()
  local host, ann, bob, chat
  local sends = 0

  local function send(words)
    sends = sends + 1
    assert(ann:call("chat.send", {
      chatId = chat, clientMsgId = "s" .. sends, type = "text", content = { text = words },
    }))
  end

  local function keep(days, where)
    return bob:call("asker.ask", {
      export = "chat.set_retention", args = { chatId = where or chat, days = days },
    })
  end

  local function entries()
    return bob:call("chat.history", { chatId = chat }).entries
  end

  before_each(function()
    host = harness.start { plugins = { "tests/specs/plugins" } }
    ann, bob = host:user("ann"), host:user("bob")
    chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
  end)

  after_each(function()
    host:stop()
  end)

  it("of a chat takes what is older, and tells both", function()
    local other = assert(ann:call("chat.open", { userId = ann.id })).chatId
    assert(ann:call("chat.send", {
      chatId = other, clientMsgId = "o", type = "text", content = { text = "kept" },
    }))
    send("old")
    assert(ann:call("chat.edit", {
      chatId = chat, target = 1, clientMsgId = "e", content = { text = "older" },
    }))
    assert(keep(1))
    assert.equal(1, bob:expect("chat.updated").retentionDays)
    assert.equal(1, bob:call("sync.pull", {}).chats[1].retentionDays)
    host:advance(DAY_S / 2)
    send("new")
    host:advance(DAY_S / 2 + 90)
    assert.equal(1, bob:expect("chat.deleted").target)
    local log = entries()
    assert.is_true(log[1].deleted)
    assert.is_nil(log[1].content)
    assert.is_nil(log[2].content)
    assert.same({ text = "new" }, log[3].content)
    assert.same({ 4, "delete", 1 }, { log[4].seq, log[4].kind, log[4].target })
    bob:expect_none("chat.deleted")
    local notes = ann:call("chat.history", { chatId = other }).entries
    assert.same({ text = "kept" }, notes[1].content)
  end)

  it("of the server holds for all chats, and the shorter time counts", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir %s && cp -r %s %s/chat"):format(folder, here, folder)))
    local manifest = folder .. "/chat/plugin.json"
    assert(os.execute(([[sed -i '/"retentionDays"/,/}/s/"default": 0/"default": 1/' %s]])
      :format(manifest)))
    assert(host:reload("chat", folder))
    os.execute("rm -rf " .. folder)
    send("old")
    assert(keep(30))
    host:advance(DAY_S + 90)
    assert.equal(1, bob:expect("chat.deleted").target)
    assert.is_true(entries()[1].deleted)
  end)

  it("is for a chat that is there and a number of days", function()
    local _, unknown = keep(1, "nowhere")
    assert.equal("not_found", unknown.type)
    for _, wrong in ipairs { -1, 36501 } do
      local _, err = keep(wrong)
      assert.is_table(err)
    end
  end)
end)
