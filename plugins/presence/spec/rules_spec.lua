local here = debug.getinfo(1, "S").source:match("^@(.*)spec/") or "./"
local rules = dofile(here .. "rules.lua")

local function user(fields)
  local made = { rev = 1, privacy = "everyone", status = "online", last_seen_at = 500 }
  for name, value in pairs(fields or {}) do
    made[name] = value
  end
  return made
end

describe("presence: what others see", function()
  it("shows the chosen status of who is here", function()
    local view = rules.view("bob", user { status = "busy", text = "lunch" }, {}, true, 1000)
    assert.same({ userId = "bob", status = "busy", text = "lunch" }, view)
  end)

  it("shows who is not here as offline, with the time", function()
    local view = rules.view("bob", user { status = "busy", text = "lunch" }, {}, false, 1000)
    assert.same({ userId = "bob", status = "offline", lastSeenAt = 500 }, view)
  end)

  it("shows the invisible as offline", function()
    local view = rules.view("bob", user { status = "invisible", text = "x" }, {}, true, 1000)
    assert.same({ userId = "bob", status = "offline", lastSeenAt = 500 }, view)
  end)

  it("forgets a status whose time ran out", function()
    local busy = user { status = "busy", text = "lunch", until_at = 1000 }
    assert.equal("busy", rules.view("bob", busy, {}, true, 999).status)
    assert.same({ userId = "bob", status = "online" }, rules.view("bob", busy, {}, true, 1000))
  end)

  it("hides all from who is blocked", function()
    local view = rules.view("bob", user { text = "x" }, { hidden = true }, true, 1000)
    assert.same({ userId = "bob", status = "offline" }, view)
  end)

  it("shows the last time as the user's privacy says", function()
    local cases = {
      { "everyone", {}, true },
      { "contacts", {}, false },
      { "contacts", { contact = true }, true },
      { "contacts", { contact = true, hidden = true }, false },
      { "nobody", { contact = true }, false },
      { "nobody", { own = true }, true },
      { "everyone", { hidden = true }, false },
    }
    for i, case in ipairs(cases) do
      local may = rules.may_see_last_seen(user { privacy = case[1] }, case[2])
      assert.equal(case[3], may, "case " .. i)
    end
  end)

  it("has one signature as long as nobody sees a difference", function()
    local hidden = user { status = "invisible" }
    assert.equal(rules.signature(hidden, true, 1000), rules.signature(hidden, false, 2000))
    assert.equal(rules.signature(user(), true, 1), rules.signature(user(), true, 2))
    assert.not_equal(rules.signature(user(), true, 1), rules.signature(user(), false, 1))
    local texted = user { text = "x" }
    assert.not_equal(rules.signature(user(), true, 1), rules.signature(texted, true, 1))
    assert.not_equal(
      rules.signature(user { last_seen_at = 1 }, false, 9),
      rules.signature(user { last_seen_at = 2 }, false, 9))
  end)
end)

describe("presence: typing", function()
  it("is told to the others who are not blocked", function()
    assert.same({ "bob", "dan" },
      rules.others({ "ann", "bob", "cid", "dan" }, "ann", { { blocked_id = "cid" } }))
  end)

  it("sends a repeated state on once a second", function()
    local writer = { state = "typing", told_at = 1000 }
    assert.is_false(rules.is_news(writer, "typing", 1999))
    assert.is_true(rules.is_news(writer, "typing", 2000))
    assert.is_true(rules.is_news(writer, "recording", 1001))
  end)
end)

describe("presence: what a reload hands over", function()
  it("carries numbers, also those that are surrogates in UTF-16", function()
    local list = { 1, 127, 128, 0xD800, 0xDFFF, 300000, 1 << 30 }
    assert.same(list, rules.unpack_numbers(rules.pack_numbers(list)))
    assert.same({}, rules.unpack_numbers(rules.pack_numbers({})))
  end)

  it("carries users with and without each field", function()
    local full = user { until_at = 9, sig = "busy|x", text = "a\nb" }
    local id, same = rules.unpack_user(rules.pack_user("u_1", full))
    assert.equal("u_1", id)
    assert.same(full, same)
    local bare = { rev = 0 }
    assert.same(bare, select(2, rules.unpack_user(rules.pack_user("u_2", bare))))
  end)

  it("takes some of a map that is too large", function()
    local some = rules.some({ a = 1, b = 2, c = 3 }, 2)
    local count = 0
    for _ in pairs(some) do
      count = count + 1
    end
    assert.equal(2, count)
    assert.same({ a = 1 }, rules.some({ a = 1 }, 5))
  end)

  it("ends the peace with the status", function()
    local row = { status = "busy", text = "x", until_at = 10, quiet = 1 }
    assert.is_true(rules.own(row, 9).doNotDisturb)
    assert.same({ status = "online", doNotDisturb = false }, rules.own(row, 10))
    assert.same({ status = "online", doNotDisturb = false }, rules.own({}, 0))
  end)
end)
