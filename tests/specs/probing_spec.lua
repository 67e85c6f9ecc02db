-- Strangers who try ids learn nothing: each method that takes a chat answers a chat of
-- others and one that does not exist alike, to the byte. Each such method must be here.
local harness = require "harness"

local TEXT = { text = "hi" }

-- What each method needs besides the chatId; false: it takes its chat in another place.
local CALLS = {
  ["admin.message.delete"] = { seq = 1, reason = "x" },
  ["chat.delete"] = { target = 1, clientMsgId = "1" },
  ["chat.draft"] = { text = "hi" },
  ["chat.edit"] = { target = 1, clientMsgId = "1", content = TEXT },
  ["chat.forward"] = { from = { chatId = "$chat", seq = 1 }, clientMsgId = "1" },
  ["chat.hidden"] = {},
  ["chat.hide"] = { targets = { 1 } },
  ["chat.history"] = {},
  ["chat.mute"] = { ["until"] = 0 },
  ["chat.pin"] = { target = 1, on = true },
  ["chat.react"] = { target = 1, clientMsgId = "1", emoji = "+", on = true },
  ["chat.schedule"] = { clientMsgId = "1", type = "text", content = TEXT, sendAt = 1700086400000 },
  ["chat.scheduled"] = {},
  ["chat.send"] = { clientMsgId = "1", type = "text", content = TEXT },
  ["group.add"] = { userIds = { "u_nobody" } },
  ["group.ban"] = { userIds = { "u_nobody" } },
  ["group.decide"] = { userId = "u_nobody", approve = true },
  ["group.get"] = {},
  ["group.handover"] = { userId = "u_nobody" },
  ["group.leave"] = {},
  ["group.link"] = {},
  ["group.members"] = {},
  ["group.remove"] = { userIds = { "u_nobody" } },
  ["group.request"] = {},
  ["group.requests"] = {},
  ["group.role"] = { userId = "u_nobody", role = "admin" },
  ["group.unban"] = { userIds = { "u_nobody" } },
  ["group.update"] = { title = "Mine" },
  ["receipts.get"] = { seq = 1 },
  ["receipts.mark"] = { read = 1 },
  ["report.create"] = { seq = 1, reason = "spam" },
  ["search.messages"] = { query = "hi" },
  ["typing.set"] = { state = "typing" },
}

describe("a stranger", function()
  local host, ann, bob, eve, direct, group

  setup(function()
    host = harness.start {}
    ann, bob, eve = host:user("ann"), host:user("bob"), host:user("eve")
    direct = assert(ann:call("chat.send", {
      receiverId = bob.id, clientMsgId = "m1", type = "text", content = TEXT,
    })).chatId
    group = assert(ann:call("group.create", { title = "Kitchen" })).chatId
    assert(ann:call("group.update", { chatId = group, joinPolicy = "open" }))
  end)

  teardown(function()
    host:stop()
  end)

  -- The ids of the chats that are tried are of one length.
  local function of_none(id)
    return id:sub(1, -2) .. (id:sub(-1) == "0" and "1" or "0")
  end

  local function params_for(method, chat)
    local params = { chatId = chat }
    for name, value in pairs(CALLS[method] or {}) do
      params[name] = value
    end
    if params.from then
      params.from = { chatId = chat, seq = 1 }
      params.chatId = direct
    end
    return params
  end

  local function answer(who, method, chat)
    local result, err = who:call(method, params_for(method, chat))
    local text = harness.encode(result or err)
    return text:gsub((chat:gsub("%p", "%%%0")), "CHAT"), err
  end

  local function has_chat(params)
    for _, param in ipairs(params) do
      if param.name == "chatId" then
        return true
      end
    end
    return false
  end

  local function methods()
    local names = {}
    for _, method in ipairs(assert(eve:call("rpc.discover", {})).methods) do
      if has_chat(method.params) then
        names[#names + 1] = method.name
      end
    end
    assert.is_true(#names > 20)
    return names
  end

  it("gets one answer for a chat of others and for none, from each method", function()
    for _, method in ipairs(methods()) do
      for _, chat in ipairs { direct, group } do
        local hidden, err = answer(eve, method, chat)
        local unknown = answer(eve, method, of_none(chat))
        assert.equal(unknown, hidden, method)
        assert.is_true(err == nil or err.type ~= "invalid_params", method .. ": " .. hidden)
      end
    end
  end)

  it("is told of no method here that is not tried", function()
    for _, method in ipairs(methods()) do
      assert.is_not_nil(CALLS[method], method .. " takes a chatId and is not in this spec")
    end
  end)

  it("gets one answer for a user who was erased and for none", function()
    local gone = host:user("gone")
    assert(gone:call("user.erase", { password = "correct horse battery" }))
    local calls = {
      ["chat.open"] = {},
      ["user.block"] = {},
      ["report.create"] = { reason = "spam" },
      ["admin.user.get"] = {},
    }
    for method, params in pairs(calls) do
      params.userId = gone.id
      local _, hidden = eve:call(method, params)
      params.userId = of_none(gone.id)
      local _, unknown = eve:call(method, params)
      assert.is_not_nil(hidden, method)
      assert.same(unknown, hidden, method)
    end
    for _, id in ipairs { gone.id, of_none(gone.id) } do
      assert.same({ users = {} }, eve:call("user.get", { userIds = { id } }))
      assert.same({ users = {} }, eve:call("presence.watch", { userIds = { id } }))
    end
  end)

  it("gets one answer for a code, a session and a report of others and for none", function()
    local report = assert(bob:call("report.create", { userId = ann.id, reason = "spam" })).reportId
    local pairs_of = {
      ["session.revoke"] = { "sessionId", ann.session.sessionId },
      ["report.resolve"] = { "reportId", report },
    }
    for method, what in pairs(pairs_of) do
      local _, hidden = eve:call(method, { [what[1]] = what[2], resolution = "resolved" })
      local _, unknown = eve:call(method, { [what[1]] = of_none(what[2]), resolution = "resolved" })
      assert.is_not_nil(hidden, method)
      assert.same(unknown, hidden, method)
    end
  end)
end)
