-- Passive sessions: full entries of what is open, one bump a second of the rest.
local harness = require "harness"

describe("a passive session", function()
  local host, ann, bob, phone, chat, other
  local sends = 0

  local function send(who, to, where)
    sends = sends + 1
    return assert(who:call("chat.send", {
      chatId = where, receiverId = to and to.id, clientMsgId = "s" .. sends, type = "text",
      content = { text = "n" .. sends },
    }))
  end

  local function focus(who, chats)
    assert(who:call("chat.focus", { chatIds = chats }))
    host:advance(0.1)
    who:forget()
  end

  before_each(function()
    host = harness.start { workers = 3 }
    ann, bob = host:user("ann"), host:user("bob")
    phone = host:user("ann")
    local cid = host:user("cid")
    chat, other = send(bob, ann).chatId, send(cid, ann).chatId
    host.cid = cid
  end)

  after_each(function()
    host:stop()
  end)

  it("gets entries of what it has open and bumps of the rest", function()
    focus(phone, { chat })
    ann:forget()
    send(bob, ann)
    assert.equal(2, phone:expect("chat.message").seq)
    send(host.cid, ann)
    phone:expect_none()
    host:advance(1.5)
    local bump = phone:expect("chat.bump")
    assert.same({ other, 2, 2 }, { bump.chatId, bump.lastSeq, bump.unread })
    phone:expect_none()
    ann:expect("chat.message", { chatId = chat })
    ann:expect("chat.message", { chatId = other })
    ann:expect_none()
  end)

  it("gets one bump a second however many write, from any worker", function()
    focus(phone, { "none" })
    local far = { host:user("cid"), host:user("cid"), host:user("cid") }
    for _ = 1, 4 do
      for _, who in ipairs(far) do
        send(who, ann)
      end
    end
    host:advance(1.5)
    local bump = phone:expect("chat.bump")
    assert.same({ 13, 13 }, { bump.lastSeq, bump.unread })
    host:advance(3)
    phone:expect_none()
    send(far[2], ann)
    host:advance(1.5)
    assert.equal(14, phone:expect("chat.bump").lastSeq)
  end)

  it("hears of edits and deletions by a bump, of what it opens in full", function()
    focus(phone, { "none" })
    assert(bob:call("chat.edit", {
      chatId = chat, target = 1, clientMsgId = "e", content = { text = "x" },
    }))
    assert(bob:call("chat.delete", { chatId = chat, target = 1, clientMsgId = "d" }))
    host:advance(1.5)
    local bump = phone:expect("chat.bump")
    assert.same({ 3, 0 }, { bump.lastSeq, bump.unread })
    phone:expect_none()
    focus(phone, { chat })
    send(bob, ann)
    phone:expect("chat.message")
  end)

  it("ends by null and with the connection", function()
    focus(phone, { "none" })
    focus(phone, harness.null)
    send(bob, ann)
    phone:expect("chat.message")
    focus(phone, { "none" })
    phone:drop()
    host:advance(70)
    ann:forget()
    send(bob, ann)
    ann:expect("chat.message")
    local again = host:user("ann")
    send(bob, ann)
    again:expect("chat.message")
  end)

  it("stays passive over a reload, and its bump comes", function()
    focus(phone, { other })
    send(bob, ann)
    assert(host:reload("chat"))
    host:advance(1.5)
    assert.equal(2, phone:expect("chat.bump").lastSeq)
    send(bob, ann)
    host:advance(1.5)
    assert.equal(3, phone:expect("chat.bump").lastSeq)
    send(host.cid, ann)
    phone:expect("chat.message")
    phone:expect_none()
  end)

  it("hears nothing of what it writes itself, and its other device all of it", function()
    focus(phone, { "none" })
    ann:forget()
    send(phone, bob)
    ann:expect("chat.message")
    host:advance(1.5)
    phone:expect_none()
  end)

  it("learns nothing of chats that it is not in", function()
    local eve = host:user("eve")
    focus(eve, { chat, "nowhere" })
    send(bob, ann)
    host:advance(1.5)
    eve:expect_none()
  end)

  it("names at most fifty chats", function()
    local many = {}
    for i = 1, 51 do
      many[i] = "c" .. i
    end
    local _, err = phone:call("chat.focus", { chatIds = many })
    assert.equal("/chatIds", err.data.path)
    for _, wrong in ipairs { "x", 1, { 1 } } do
      local _, bad = phone:call("chat.focus", { chatIds = wrong })
      assert.equal("invalid_params", bad.type)
    end
    local _, missing = phone:call("chat.focus", {})
    assert.equal("invalid_params", missing.type)
  end)

  it("of a removed member gets no bump more", function()
    local group = assert(ann:call("group.create", { title = "g", memberIds = { bob.id } })).chatId
    local tab = host:user("bob")
    focus(tab, { "none" })
    assert(ann:call("group.remove", { chatId = group, userIds = { bob.id } }))
    tab:expect("group.changed")
    send(ann, nil, group)
    host:advance(1.5)
    tab:expect_none()
  end)
end)
