-- Who may do what in a group, without a host.
local here = debug.getinfo(1, "S").source:match("^@(.*)spec/") or "./"
local rules = dofile(here .. "rules.lua")

local function info(over)
  local i = {
    kind = "group", active = true, role = "owner", owners = 1, memberCount = 3, title = "Kitchen",
    permissions = {},
    users = {
      { userId = "ann", exists = true, active = true, role = "owner" },
      { userId = "bob", exists = true, active = true, role = "admin" },
      { userId = "cid", exists = true, active = true, role = "member" },
      { userId = "dan", exists = true, active = false },
      { userId = "eve", exists = true, active = false, banned = true },
      { userId = "foe", exists = true, active = false, blocks = true },
      { userId = "old", exists = false, active = false },
    },
  }
  for name, value in pairs(over or {}) do
    i[name] = value
  end
  return i
end

local function refusal(ok, no)
  assert.is_nil(ok)
  return no
end

describe("adding", function()
  it("skips who is in and takes each user once", function()
    assert.same({ { action = "added", userId = "dan" } },
      rules.add(info(), { "dan", "cid", "dan" }, 10))
  end)

  it("refuses unknown, erased, banned and blocking users", function()
    assert.equal(rules.NO_USER, refusal(rules.add(info(), { "zed" }, 10)))
    assert.equal(rules.NO_USER, refusal(rules.add(info(), { "old" }, 10)))
    assert.equal(rules.BANNED, refusal(rules.add(info(), { "eve" }, 10)))
    assert.equal(rules.BLOCKED, refusal(rules.add(info(), { "foe" }, 10)))
    assert.equal(rules.FULL, refusal(rules.add(info(), { "dan" }, 3)))
  end)

  it("is for admins unless members may", function()
    local member = { role = "member" }
    assert.equal(rules.LESSER_ROLE, refusal(rules.add(info(member), { "dan" }, 10)))
    member.permissions = { add = "members" }
    assert.equal(1, #rules.add(info(member), { "dan" }, 10))
    assert.equal(rules.NOT_A_MEMBER, refusal(rules.add(info { active = false }, { "dan" }, 10)))
    assert.equal(rules.NOT_A_GROUP, refusal(rules.add(info { kind = "direct" }, { "dan" }, 10)))
  end)
end)

describe("putting out", function()
  it("is what admins do to members, and owners to all", function()
    assert.equal(1, #rules.remove(info { role = "admin" }, { "cid" }))
    assert.equal(rules.LESSER_ROLE, refusal(rules.remove(info { role = "admin" }, { "ann" })))
    assert.equal(rules.LESSER_ROLE, refusal(rules.remove(info { role = "member" }, { "cid" })))
    assert.equal(2, #rules.remove(info(), { "bob", "cid" }))
    assert.equal(rules.NOT_IN_IT, refusal(rules.remove(info(), { "dan" })))
  end)

  it("leaves an owner", function()
    assert.equal(rules.LAST_OWNER, refusal(rules.remove(info(), { "ann" })))
    assert.equal(rules.LAST_OWNER, refusal(rules.ban(info(), { "ann" })))
    assert.equal(1, #rules.remove(info { owners = 2 }, { "ann" }))
  end)

  it("for good works on who is not in, once", function()
    assert.same({ { action = "banned", userId = "dan", active = false } },
      rules.ban(info(), { "dan", "eve" }))
    assert.same({ { action = "unbanned", userId = "eve" } }, rules.unban(info(), { "eve", "dan" }))
  end)
end)

describe("roles", function()
  it("are given by owners", function()
    assert.equal(1, #rules.role(info(), "ann", "cid", "admin"))
    assert.equal(rules.LESSER_ROLE,
      refusal(rules.role(info { role = "admin" }, "bob", "cid", "admin")))
    assert.same({}, rules.role(info(), "ann", "bob", "admin"))
    assert.equal(rules.NOT_IN_IT, refusal(rules.role(info(), "ann", "dan", "admin")))
  end)

  it("may be stepped down from, but not by the last owner", function()
    assert.equal(1, #rules.role(info { role = "admin" }, "bob", "bob", "member"))
    assert.equal(rules.LESSER_ROLE,
      refusal(rules.role(info { role = "admin" }, "bob", "bob", "owner")))
    assert.equal(rules.LAST_OWNER, refusal(rules.role(info(), "ann", "ann", "member")))
    assert.equal(1, #rules.role(info { owners = 2 }, "ann", "ann", "member"))
  end)

  it("keep the last owner from leaving", function()
    assert.equal(rules.LAST_OWNER, refusal(rules.leave(info(), "ann")))
    assert.equal(1, #rules.leave(info { owners = 2 }, "ann"))
    assert.equal(1, #rules.leave(info { role = "member" }, "cid"))
  end)
end)

describe("updating", function()
  it("tells only what differs", function()
    local changes, no, update = rules.update(info(), { title = "Hall", about = nil })
    assert.same({ { action = "updated" } }, changes)
    assert.is_nil(no)
    assert.same({ title = "Hall" }, update)
    assert.same({}, rules.update(info(), { title = "Kitchen" }))
  end)

  it("merges permissions", function()
    local is = info { permissions = { add = "members" } }
    local _, _, update = rules.update(is, { permissions = { historyForNew = true } })
    assert.same({ permissions = { add = "members", historyForNew = true } }, update)
    assert.same({}, rules.update(is, { permissions = { add = "members" } }))
  end)

  it("of permissions is never for mere members", function()
    local is = info { role = "member", permissions = { update = "members" } }
    assert.equal(1, #rules.update(is, { title = "Hall" }))
    local wanted = { permissions = { add = "members" } }
    assert.equal(rules.LESSER_ROLE, refusal(rules.update(is, wanted)))
    assert.equal(rules.LESSER_ROLE, refusal(rules.update(is, { slowModeS = 0 })))
  end)
end)

describe("joining by a link", function()
  it("does nothing for who is in and refuses who is banned", function()
    assert.same({}, rules.join(info(), "cid", 10))
    assert.equal(1, #rules.join(info { active = false }, "dan", 10))
    assert.equal(rules.BANNED, refusal(rules.join(info(), "eve", 10)))
    assert.equal(rules.FULL, refusal(rules.join(info(), "dan", 3)))
  end)
end)
