local here = debug.getinfo(1, "S").source:match("^@(.*)spec/") or "./"
local rules = dofile(here .. "rules.lua")

describe("moderation: rules", function()
  it("ranks admins over moderators over everybody", function()
    assert.is_true(rules.may("admin", "moderator"))
    assert.is_true(rules.may("moderator", "moderator"))
    assert.is_false(rules.may("moderator", "admin"))
    assert.is_false(rules.may(nil, "moderator"))
    assert.is_false(rules.may("guest", "moderator"))
  end)

  it("lets nobody act on themselves and moderators not on each other", function()
    assert.is_true(rules.may_act_on("moderator", "u1", nil, "u2"))
    assert.is_true(rules.may_act_on("admin", "u1", "admin", "u2"))
    assert.is_false(rules.may_act_on("moderator", "u1", "moderator", "u2"))
    assert.is_false(rules.may_act_on("admin", "u1", nil, "u1"))
  end)

  it("takes a report of a message or of a user", function()
    assert.equal("message", rules.subject { chatId = "d1", seq = 1 })
    assert.equal("user", rules.subject { userId = "u1" })
    for _, p in ipairs { {}, { chatId = "d1" }, { seq = 1 }, { userId = "u1", seq = 1 } } do
      assert.is_nil((rules.subject(p)))
    end
  end)

  it("ends a suspension at its time", function()
    assert.is_true(rules.is_suspended({}, 5))
    assert.is_true(rules.is_suspended({ until_at = 6 }, 5))
    assert.is_false(rules.is_suspended({ until_at = 5 }, 5))
    assert.is_false(rules.is_suspended(nil, 5))
  end)
end)
