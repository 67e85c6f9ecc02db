-- presence.quiet, the export for plugins that ring: who does not want to be disturbed now.
local harness = require "harness"

describe("presence.quiet", function()
  local host, ann, bob

  before_each(function()
    host = harness.start { plugins = { "tests/specs/plugins" } }
    ann, bob = host:user("ann"), host:user("bob")
  end)

  after_each(function()
    host:stop()
  end)

  local function quiet()
    local ids = { ann.id, bob.id, "u_nobody" }
    return assert(ann:call("ring.quiet", { userIds = ids })).userIds
  end

  it("lists who is not to be disturbed until that ends", function()
    assert.same({}, quiet())
    local ends = assert(bob:call("session.open", {})).serverTime + 60000
    local choice = { status = "busy", doNotDisturb = true, ["until"] = ends }
    assert(bob:call("presence.set", choice))
    assert(ann:call("presence.set", { status = "busy" }))
    assert.same({ bob.id }, quiet())
    host:advance(61)
    assert.same({}, quiet())
  end)

  it("lists nobody who has chosen something else since, or is gone for good", function()
    assert(bob:call("presence.set", { status = "busy", doNotDisturb = true }))
    assert.same({ bob.id }, quiet())
    assert(bob:call("presence.set", { status = "online" }))
    assert.same({}, quiet())
    assert(bob:call("presence.set", { status = "busy", doNotDisturb = true }))
    assert(bob:call("user.erase", { password = "correct horse battery" }))
    host:advance(1)
    assert.same({}, quiet())
  end)
end)
