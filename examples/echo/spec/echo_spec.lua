-- echo, called as a client calls it.
local harness = require "harness"

describe("echo.say", function()
  local host

  before_each(function()
    host = harness.start { plugins = { "examples" } }
  end)

  after_each(function()
    host:stop()
  end)

  it("gives the words back, and who said them", function()
    local ann = host:user("ann")
    assert.same({ text = "hello", from = ann.id }, ann:call("echo.say", { text = "hello" }))
  end)

  it("says which member is wrong before the plugin runs", function()
    local result, err = host:user("ann"):call("echo.say", { text = 7 })
    assert.is_nil(result)
    assert.equal("invalid_params", err.type)
    assert.equal("/text", err.data.path)
  end)

  it("is for those who are logged in", function()
    local _, err = assert(host:connect()):call("echo.say", { text = "hello" })
    assert.equal("unauthenticated", err.type)
  end)
end)
