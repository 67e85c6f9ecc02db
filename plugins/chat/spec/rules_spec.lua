-- What the chat plugin decides, without a host.
local here = debug.getinfo(1, "S").source:match("^@(.*)spec/") or "./"
local rules = dofile(here .. "rules.lua")

local function refusal(ok, no)
  assert.is_nil(ok)
  return no.type, no.data and no.data.path
end

describe("content", function()
  it("loses unknown members, except in types of extensions", function()
    assert.same({ text = "hi" }, rules.content("text", { text = "hi", colour = "red" }))
    local poll = { question = "?", options = { "a", "b" } }
    assert.same(poll, rules.content("x.poll", poll))
  end)

  it("names the member that is wrong", function()
    assert.same({ "invalid_params", "/content/text" }, { refusal(rules.content("text", {})) })
    assert.same({ "invalid_params", "/content/size" },
      { refusal(rules.content("file", { blobId = "b", size = -1 })) })
    assert.same({ "invalid_params", "/content/ciphertext" },
      { refusal(rules.content("sealed", { ciphertext = "a=b", scheme = "mls" })) })
    assert.same({ "invalid_params", "/type" }, { refusal(rules.content("video2", {})) })
    assert.same({ "invalid_params", "/content" }, { refusal(rules.content("text", "hi")) })
  end)

  it("over its limit is too large, not invalid", function()
    local function fits(kind, content, bytes)
      local ok, no = rules.content_fits(kind, content, bytes or 0, 100)
      return ok or no.type
    end
    assert.is_true(fits("text", { text = ("x"):rep(100) }))
    assert.equal("too_large", fits("text", { text = ("x"):rep(101) }))
    assert.is_true(fits("image", { blobId = "b", thumb = ("x"):rep(5461) }))
    assert.equal("too_large", fits("image", { blobId = "b", thumb = ("x"):rep(5463) }))
    assert.equal("too_large", fits("x.any", {}, 401))
  end)
end)

describe("an identity", function()
  it("tells absent members, numbers and texts apart", function()
    local text = rules.fingerprint_text
    assert.not_equal(text("send", nil, "a"), text("send", "a", nil))
    assert.not_equal(text("send", 1), text("send", "1"))
    assert.not_equal(text("a", "b"), text("ab"))
    assert.equal(text("send", "c", nil, 4), text("send", "c", nil, 4))
  end)

  it("of a direct chat does not depend on who asks", function()
    assert.equal(rules.direct_key("ann", "bob"), rules.direct_key("bob", "ann"))
    assert.not_equal(rules.direct_key("a", "nnbob"), rules.direct_key("an", "nbob"))
  end)
end)

describe("a place", function()
  local function place(over)
    local p = {
      kind = "group", role = "member", first_seq = 1, admins_only = 0, slow_mode_s = 0,
      last_sent_at = 0, blocked = 0, pin_admins = 0, now = 100000,
    }
    for name, value in pairs(over or {}) do
      p[name] = value
    end
    return p
  end

  it("of a stranger is unknown, of a former member forbidden", function()
    assert.equal("not_found", refusal(rules.may_send(nil)))
    assert.equal("forbidden", refusal(rules.may_send(place { left_seq = 3 })))
    assert.equal("forbidden", refusal(rules.may_send(place { blocked = 1 })))
    assert.is_true(rules.may_send(place()))
  end)

  it("of a mere member does not post where only admins do", function()
    assert.equal("forbidden", refusal(rules.may_send(place { admins_only = 1 })))
    assert.is_true(rules.may_send(place { admins_only = 1, role = "admin" }))
  end)

  it("waits in slow mode, but not as an admin", function()
    local slow = { slow_mode_s = 10, last_sent_at = 95000 }
    local _, no = rules.may_send(place(slow))
    assert.same({ "rate_limited", 5000 }, { no.type, no.data.retryAfterMs })
    slow.role = "owner"
    assert.is_true(rules.may_send(place(slow)))
  end)

  it("does not reach before its first entry", function()
    local target = { seq = 4, kind = "message", deleted = 0, sender_id = "ann" }
    assert.is_true(rules.may_edit(place(), target, "ann"))
    assert.equal("not_found", refusal(rules.may_edit(place { first_seq = 5 }, target, "ann")))
    assert.equal("forbidden", refusal(rules.may_edit(place(), target, "bob")))
  end)

  it("deletes its own, as an admin also others', and twice gives the first", function()
    local target = { seq = 4, kind = "message", deleted = 0, sender_id = "ann" }
    assert.is_true(rules.may_delete(place(), target, "ann"))
    assert.equal("forbidden", refusal(rules.may_delete(place(), target, "bob")))
    assert.is_true(rules.may_delete(place { role = "admin" }, target, "bob"))
    local direct = place { kind = "direct", role = "member" }
    assert.equal("forbidden", refusal(rules.may_delete(direct, target, "bob")))
    target.deleted, target.deleted_by_seq = 1, 9
    assert.equal(9, rules.may_delete(place(), target, "ann"))
  end)

  it("sets a reaction once and unsets only what is set", function()
    local target = { seq = 4, kind = "message", deleted = 0 }
    assert.is_true(rules.may_react(place(), target, nil, 0, true))
    assert.equal(7, rules.may_react(place(), target, 7, 0, true))
    assert.equal("not_found", refusal(rules.may_react(place(), target, nil, 0, false)))
    assert.is_true(rules.may_react(place(), target, 7, 0, false))
    local full = rules.EMOJIS_A_MESSAGE_MAX
    assert.equal("too_large", refusal(rules.may_react(place(), target, nil, full, true)))
  end)
end)

describe("a page of history", function()
  local function page(mode, value, limit, low, high)
    local from, to = rules.history_range(mode, value, limit, low, high)
    return { from, to, rules.has_more(mode, from, to, low, high, value) }
  end

  it("is the newest when nothing is asked", function()
    assert.same({ 16, 20, true }, page("newest", nil, 5, 1, 20))
    assert.same({ 1, 3, false }, page("newest", nil, 5, 1, 3))
    assert.same({ 1, 0, false }, page("newest", nil, 5, 1, 0))
  end)

  it("leaves out what before and after name", function()
    assert.same({ 5, 9, true }, page("before", 10, 5, 1, 20))
    assert.same({ 1, 4, false }, page("before", 5, 5, 1, 20))
    assert.same({ 11, 15, true }, page("after", 10, 5, 1, 20))
    assert.same({ 1, 5, true }, page("after", 0, 5, 1, 20))
    assert.same({ 16, 20, false }, page("after", 15, 5, 1, 20))
  end)

  it("is centred around a seq", function()
    assert.same({ 8, 12, true }, page("around", 10, 5, 1, 20))
    assert.same({ 10, 10, true }, page("around", 10, 1, 1, 20))
    assert.same({ 1, 3, false }, page("around", 2, 9, 1, 3))
  end)

  it("stays within what the reader may see", function()
    assert.same({ 7, 9, true }, page("after", 0, 3, 7, 12))
    assert.same({ 7, 12, false }, page("newest", nil, 50, 7, 12))
  end)

  it("drops what is farthest from what was asked, and never all", function()
    local sizes = { 40, 40, 40, 40 }
    assert.same({ 1, 2 }, { rules.fit(sizes, 100, "after", 1) })
    assert.same({ 3, 4 }, { rules.fit(sizes, 100, "newest", 1) })
    assert.same({ 2, 3 }, { rules.fit(sizes, 100, "around", 2) })
    assert.same({ 1, 1 }, { rules.fit({ 500 }, 100, "after", 1) })
  end)

  it("has one mode only", function()
    assert.same({ "after", 0 }, { rules.history_mode { after = 0 } })
    assert.equal("newest", rules.history_mode {})
    assert.equal("invalid_params", refusal(rules.history_mode { after = 0, at = 5 }))
  end)
end)
