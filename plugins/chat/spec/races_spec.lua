-- Calls that are started before the others are answered, on several workers.
local harness = require "harness"

local ROUNDS_MAX = 1000

local function settle(host, started)
  local answers = {}
  for _ = 1, ROUNDS_MAX do
    local open = 0
    for i, call in ipairs(started) do
      answers[i] = answers[i] or call.client:answer(call.id)
      open = open + (answers[i] and 0 or 1)
    end
    if open == 0 then
      break
    end
    host:advance(0.001)
  end
  return answers
end

local function start(client, method, params)
  return { client = client, id = client:start(method, params) }
end

describe("at once", function()
  local host, ann, bob

  before_each(function()
    host = harness.start { workers = 3 }
    ann, bob = host:user("ann"), host:user("bob")
  end)

  after_each(function()
    host:stop()
  end)

  it("two who open their chat get the same one", function()
    local got = settle(host, {
      start(ann, "chat.open", { userId = bob.id }),
      start(bob, "chat.open", { userId = ann.id }),
    })
    assert.is_string(got[1].result.chatId)
    assert.equal(got[1].result.chatId, got[2].result.chatId)
  end)

  it("first messages of both sides get seqs 1 and 2", function()
    local function first(who, to)
      return start(who, "chat.send", {
        receiverId = to.id, clientMsgId = "1", type = "text", content = { text = "hi" },
      })
    end
    local got = settle(host, { first(ann, bob), first(bob, ann) })
    local seqs = { got[1].result.seq, got[2].result.seq }
    table.sort(seqs)
    assert.same({ 1, 2 }, seqs)
  end)

  it("the same send ten times is one message", function()
    local started = {}
    for i = 1, 10 do
      started[i] = start(ann, "chat.send", {
        receiverId = bob.id, clientMsgId = "1", type = "text", content = { text = "hi" },
      })
    end
    local originals = 0
    for _, answer in ipairs(settle(host, started)) do
      assert.equal(1, answer.result.seq)
      originals = originals + (answer.result.duplicate and 0 or 1)
    end
    assert.equal(1, originals)
    bob:expect("chat.message")
    bob:expect_none("chat.message")
  end)

  it("a message deleted and edited ends deleted, without a gap", function()
    local chat = assert(ann:call("chat.send", {
      receiverId = bob.id, clientMsgId = "1", type = "text", content = { text = "hi" },
    })).chatId
    local started = {}
    for i = 1, 5 do
      local about = { chatId = chat, target = 1, clientMsgId = "e" .. i, content = { text = "x" } }
      started[#started + 1] = start(ann, "chat.edit", about)
      local delete = { chatId = chat, target = 1, clientMsgId = "d" .. i }
      started[#started + 1] = start(ann, "chat.delete", delete)
    end
    for _, answer in ipairs(settle(host, started)) do
      local err = answer.error
      assert.is_true(answer.result ~= nil or err.data.type == "not_found")
    end
    local entries = bob:call("chat.history", { chatId = chat }).entries
    assert.is_true(entries[1].deleted)
    local deletions = 0
    for seq, e in ipairs(entries) do
      assert.equal(seq, e.seq)
      assert.is_nil(e.content)
      deletions = deletions + (e.kind == "delete" and 1 or 0)
    end
    assert.equal(1, deletions)
  end)

  it("an edit that meets its message while that is sent is checked, or refused", function()
    local chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
    local function call(id, method, params)
      params.chatId, params.clientMsgId = chat, id
      return { jsonrpc = "2.0", id = id, method = method, params = params }
    end
    ann:send_raw(harness.encode {
      call("e", "chat.edit", { target = 1, content = { junk = 1 } }),
      call("m", "chat.send", { type = "text", content = { text = "hi" } }),
    })
    host:advance(0.001)
    local entries = assert(bob:call("chat.history", { chatId = chat })).entries
    assert.equal(1, #entries)
    assert.same({ text = "hi" }, entries[1].content)
    bob:expect("chat.message")
    bob:expect_none("chat.edited")
  end)

  it("two owners can't both leave", function()
    local new = { title = "Kitchen", memberIds = { bob.id } }
    local group = assert(ann:call("group.create", new)).chatId
    assert(ann:call("group.role", { chatId = group, userId = bob.id, role = "owner" }))
    local got = settle(host, {
      start(ann, "group.leave", { chatId = group }),
      start(bob, "group.leave", { chatId = group }),
    })
    local refused = got[1].error or got[2].error
    assert.equal("conflict", refused.data.type)
    assert.is_true((got[1].result or got[2].result) ~= nil)
  end)
end)
