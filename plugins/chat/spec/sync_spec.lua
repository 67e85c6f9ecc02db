-- sync.pull: state that may be applied twice, page by page, on a real host.
local harness = require "harness"

describe("sync.pull", function()
  local host, ann
  local sends = 0

  local function send(who, to)
    sends = sends + 1
    return assert(who:call("chat.send", {
      receiverId = to.id,
      clientMsgId = "s" .. sends,
      type = "text",
      content = { text = "n" .. sends },
    }))
  end

  before_each(function()
    host = harness.start {}
    ann = host:user("ann")
  end)

  after_each(function()
    host:stop()
  end)

  it("lists each changed chat once, newest first", function()
    local bob, cid = host:user("bob"), host:user("cid")
    send(bob, ann)
    local newest = send(cid, ann)
    local all = ann:call("sync.pull", {})
    assert.equal(2, #all.chats)
    assert.equal(newest.chatId, all.chats[1].chatId)
    assert.equal(1, all.chats[1].unread)
    assert.is_false(all.more)
    assert.same({}, ann:call("sync.pull", { cursor = all.cursor }).chats)
    send(bob, ann)
    local changed = ann:call("sync.pull", { cursor = all.cursor }).chats
    assert.equal(1, #changed)
    assert.equal(2, changed[1].unread)
  end)

  it("brings again what changes while it is paged", function()
    local people = {}
    for i = 1, 3 do
      people[i] = host:user("user" .. i)
      send(people[i], ann)
    end
    local page = ann:call("sync.pull", { limit = 1 })
    local last = send(people[1], ann) -- the oldest, still to come
    local seen = {}
    while page.more do
      page = ann:call("sync.pull", { limit = 1, cursor = page.cursor })
      for _, chat in ipairs(page.chats) do
        seen[chat.chatId] = chat.lastSeq
      end
    end
    assert.equal(2, seen[last.chatId])
  end)

  it("refuses the cursor of somebody else", function()
    local bob = host:user("bob")
    local cursor = bob:call("sync.pull", {}).cursor
    for _, wrong in ipairs { cursor, "abc", "ab.cd", cursor .. "x" } do
      local result, err = ann:call("sync.pull", { cursor = wrong })
      assert.is_nil(result)
      assert.equal("invalid_params", err.data.type)
      assert.equal("/cursor", err.data.path)
    end
  end)

  it("does not show an empty chat to who did not open it", function()
    local bob = host:user("bob")
    assert(ann:call("chat.open", { userId = bob.id }))
    assert.equal(1, #ann:call("sync.pull", {}).chats)
    assert.equal(0, #bob:call("sync.pull", {}).chats)
    send(ann, bob)
    assert.equal(1, #bob:call("sync.pull", {}).chats)
  end)
end)
