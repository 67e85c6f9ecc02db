-- A group from its making to its leaving, on a real host.
local harness = require "harness"

describe("a group", function()
  local host, ann, bob, cid, group
  local sends = 0

  local function fails(with, result, err)
    assert.is_nil(result)
    assert.equal(with, err.data.type)
  end

  local function say(who)
    sends = sends + 1
    return who:call("chat.send", {
      chatId = group,
      clientMsgId = "g" .. sends,
      type = "text",
      content = { text = "hello" },
    })
  end

  local function changed(who)
    return who:expect("group.changed").change
  end

  before_each(function()
    host = harness.start {}
    ann, bob, cid = host:user("ann"), host:user("bob"), host:user("cid")
    local kitchen = { title = "Kitchen", memberIds = { bob.id } }
    group = assert(ann:call("group.create", kitchen)).chatId
    assert.equal("created", changed(ann).action)
    assert.equal("created", changed(bob).action)
  end)

  after_each(function()
    host:stop()
  end)

  it("lets the added read from where they joined", function()
    say(ann)
    bob:expect("chat.message")
    assert(ann:call("group.add", { chatId = group, userIds = { cid.id } }))
    assert.equal("added", changed(cid).action)
    local page = cid:call("chat.history", { chatId = group, after = 0 })
    assert.equal(3, page.entries[1].seq)
    assert.equal(0, cid:call("sync.pull", {}).chats[1].unread)
  end)

  it("tells the removed last that they are out", function()
    assert(ann:call("group.remove", { chatId = group, userIds = { bob.id } }))
    assert.equal("removed", changed(bob).action)
    say(ann)
    bob:expect_none()
    fails("forbidden", say(bob))
    local page = bob:call("chat.history", { chatId = group })
    assert.equal(2, page.entries[#page.entries].seq)
    assert.is_true(bob:call("sync.pull", {}).chats[1].left)
  end)

  it("keeps its last owner", function()
    fails("conflict", ann:call("group.leave", { chatId = group }))
    local down = { chatId = group, userId = ann.id, role = "member" }
    fails("conflict", ann:call("group.role", down))
    assert(ann:call("group.role", { chatId = group, userId = bob.id, role = "owner" }))
    assert(ann:call("group.leave", { chatId = group }))
  end)

  it("is changed by roles that may", function()
    fails("forbidden", bob:call("group.update", { chatId = group, title = "Mine" }))
    fails("forbidden", bob:call("group.add", { chatId = group, userIds = { cid.id } }))
    fails("not_found", cid:call("group.members", { chatId = group }))
    assert(ann:call("group.update", { chatId = group, title = "Hall" }))
    assert.equal("Hall", changed(bob).title)
    assert(ann:call("group.update", { chatId = group, title = "Hall" }))
    bob:expect_none()
  end)

  it("as a channel is written by admins only", function()
    group = ann:call("group.create", {
      title = "News",
      kind = "channel",
      memberIds = { bob.id },
    }).chatId
    fails("forbidden", say(bob))
    assert(say(ann))
  end)

  it("is joined by a link as often as the link says", function()
    local code = ann:call("group.link", { chatId = group, uses = 1 }).code
    assert.equal(group, cid:call("group.join", { code = code }).chatId)
    assert.equal("joined", changed(cid).action)
    local dan = host:user("dan")
    fails("not_found", dan:call("group.join", { code = code }))
  end)

  it("stays closed to the banned", function()
    assert(ann:call("group.ban", { chatId = group, userIds = { bob.id } }))
    fails("forbidden", ann:call("group.add", { chatId = group, userIds = { bob.id } }))
    local code = ann:call("group.link", { chatId = group }).code
    fails("forbidden", bob:call("group.join", { code = code }))
    assert(ann:call("group.unban", { chatId = group, userIds = { bob.id } }))
    assert(bob:call("group.join", { code = code }))
  end)

  it("pages through its members", function()
    assert(ann:call("group.add", { chatId = group, userIds = { cid.id } }))
    local first = ann:call("group.members", { chatId = group, limit = 2 })
    assert.is_true(first.more)
    local rest = ann:call("group.members", { chatId = group, limit = 2, cursor = first.cursor })
    assert.equal(1, #rest.members)
    assert.is_false(rest.more)
  end)
end)
