-- Finding groups, asking to be let in, and handing a group over.
local harness = require "harness"

describe("a group that can be found", function()
  local host, ann, bob, cid, group

  local function fails(with, result, err)
    assert.is_nil(result)
    assert.equal(with, err.type)
    return err
  end

  local function set(wanted)
    wanted.chatId = group
    assert(ann:call("group.update", wanted))
  end

  local function request(who, text)
    return who:call("group.request", { chatId = group, text = text })
  end

  local function decide(who, user, approve)
    return who:call("group.decide", { chatId = group, userId = user.id, approve = approve })
  end

  local function found(who, query)
    local titles = {}
    for i, g in ipairs(assert(who:call("group.discover", { query = query })).groups) do
      titles[i] = g.title
    end
    return titles
  end

  before_each(function()
    host = harness.start {}
    ann, bob, cid = host:user("ann"), host:user("bob"), host:user("cid")
    group = assert(ann:call("group.create", { title = "Kitchen", memberIds = { bob.id } })).chatId
  end)

  after_each(function()
    host:stop()
  end)

  it("is found by choice only, by what is in its title", function()
    assert.same({}, found(cid))
    set { discoverable = true }
    assert.same({ "Kitchen" }, found(cid))
    assert.same({ "Kitchen" }, found(cid, "CHEN"))
    assert.same({}, found(cid, "hall"))
    set { discoverable = false }
    assert.same({}, found(cid))
  end)

  it("says who is found how to come in", function()
    set { discoverable = true, joinPolicy = "request", about = "We cook" }
    assert.same({
      chatId = group, kind = "group", title = "Kitchen", about = "We cook", memberCount = 2,
      joinPolicy = "request",
    }, cid:call("group.discover", {}).groups[1])
  end)

  it("is listed in pages", function()
    for i = 1, 5 do
      host:advance(1)
      local chat = assert(ann:call("group.create", { title = "Room " .. i })).chatId
      assert(ann:call("group.update", { chatId = chat, discoverable = true }))
    end
    local seen, cursor, more = {}, nil, true
    while more do
      local page = assert(cid:call("group.discover", { limit = 2, cursor = cursor }))
      for _, g in ipairs(page.groups) do
        seen[#seen + 1] = g.title
      end
      cursor, more = page.cursor, page.more
    end
    assert.same({ "Room 5", "Room 4", "Room 3", "Room 2", "Room 1" }, seen)
    fails("invalid_params", cid:call("group.discover", { cursor = "AA.BB" }))
  end)

  it("is joined at once when it is open", function()
    set { discoverable = true, joinPolicy = "open" }
    assert.is_true(request(cid).joined)
    bob:expect("group.changed", { change = { userId = cid.id, action = "joined" } })
    assert.is_true(request(cid).joined)
  end)

  it("lets in whom an admin approves", function()
    set { discoverable = true, joinPolicy = "request" }
    assert.is_false(request(cid, "it's  me\u{202e}").joined)
    local asked = ann:expect("group.requested")
    assert.same({ cid.id, "it's me" }, { asked.userId, asked.text })
    assert.is_nil(bob:find("group.requested"))
    assert.is_false(request(cid).joined)
    assert.is_nil(ann:find("group.requested")) -- told once
    assert.equal(cid.id, ann:call("group.requests", { chatId = group }).requests[1].userId)
    assert.same({}, decide(ann, cid, true))
    assert.same({ chatId = group, userId = cid.id, approved = true }, cid:expect("group.decided"))
    assert(cid:call("chat.send", {
      chatId = group, clientMsgId = "1", type = "text", content = { text = "hi" },
    }))
    assert.equal(0, #ann:call("group.requests", { chatId = group }).requests)
    fails("not_found", decide(ann, cid, true))
  end)

  it("keeps out whom an admin declines", function()
    set { discoverable = true, joinPolicy = "request" }
    request(cid)
    assert(decide(ann, cid, false))
    assert.is_false(cid:expect("group.decided").approved)
    fails("not_found", cid:call("chat.history", { chatId = group }))
  end)

  it("shows requests to admins only and takes decisions of admins only", function()
    set { discoverable = true, joinPolicy = "request" }
    request(cid)
    fails("forbidden", bob:call("group.requests", { chatId = group }))
    fails("forbidden", decide(bob, cid, true))
    fails("not_found", cid:call("group.requests", { chatId = group }))
    fails("not_found", decide(cid, cid, true))
    fails("not_found", decide(ann, bob, true))
  end)

  it("pages through requests from the oldest on", function()
    set { discoverable = true, joinPolicy = "request" }
    local asked = {}
    for i = 1, 5 do
      local who = host:user("user" .. i)
      host:advance(1)
      request(who)
      asked[i] = who.id
    end
    local seen, cursor, more = {}, nil, true
    while more do
      local params = { chatId = group, limit = 2, cursor = cursor }
      local page = assert(ann:call("group.requests", params))
      for _, r in ipairs(page.requests) do
        seen[#seen + 1] = r.userId
      end
      cursor, more = page.cursor, page.more
    end
    assert.same(asked, seen)
  end)

  it("takes no request when members are invited only, or the asker is banned", function()
    set { discoverable = true }
    fails("forbidden", request(cid))
    set { joinPolicy = "open" }
    assert(ann:call("group.ban", { chatId = group, userIds = { cid.id } }))
    fails("forbidden", request(cid))
    assert.same({}, found(cid))
  end)

  it("is like no group to strangers while it can't be found", function()
    set { joinPolicy = "open" }
    local _, hidden = request(cid)
    local _, unknown = cid:call("group.request", { chatId = "gnothing" })
    assert.same(unknown, hidden)
    local direct = assert(ann:call("chat.open", { userId = bob.id })).chatId
    local _, of_others = cid:call("group.request", { chatId = direct })
    assert.same(unknown, of_others)
    for _, method in ipairs { "group.get", "group.requests", "group.leave" } do
      local _, a = cid:call(method, { chatId = group })
      local _, b = cid:call(method, { chatId = "gnothing" })
      assert.same(b, a, method)
    end
  end)

  it("lets no member choose who comes in", function()
    fails("forbidden", bob:call("group.update", { chatId = group, joinPolicy = "open" }))
    fails("forbidden", bob:call("group.update", { chatId = group, discoverable = true }))
    fails("invalid_params", ann:call("group.update", { chatId = group, joinPolicy = "all" }))
  end)

  it("tells members its settings", function()
    set { discoverable = true, joinPolicy = "request", permissions = { add = "members" } }
    local got = assert(bob:call("group.get", { chatId = group }))
    assert.same({ "request", true, "members", "admins", "member" }, {
      got.joinPolicy, got.discoverable, got.permissions.add, got.permissions.link, got.role,
    })
  end)

  it("is handed over in one step", function()
    fails("forbidden", bob:call("group.handover", { chatId = group, userId = bob.id }))
    fails("not_found", ann:call("group.handover", { chatId = group, userId = cid.id }))
    assert(ann:call("group.handover", { chatId = group, userId = bob.id }))
    local roles = {}
    for _, member in ipairs(ann:call("group.members", { chatId = group }).members) do
      roles[member.userId] = member.role
    end
    assert.same({ [ann.id] = "admin", [bob.id] = "owner" }, roles)
    assert(ann:call("group.leave", { chatId = group }))
    fails("conflict", bob:call("group.leave", { chatId = group }))
  end)

  it("has a title that can be seen and says what it means", function()
    set { title = " A\u{202e}l\u{200b}l  " }
    assert.equal("All", bob:call("group.get", { chatId = group }).title)
    local unseen = { chatId = group, title = "\u{200b}" }
    local err = fails("invalid_params", ann:call("group.update", unseen))
    assert.equal("/title", err.data.path)
    fails("invalid_params", ann:call("group.create", { title = " " }))
  end)
end)
