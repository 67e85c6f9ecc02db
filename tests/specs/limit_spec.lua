-- Limits of calls: those of a method, mesh.limit, and that they can be lifted.
local harness = require "harness"
local make = require "tests.specs.make"

describe("a limit", function()
  local host

  local function start(limits_on, workers)
    local folder = make.folder()
    make.plugin(folder, "toll", { limit = true }, [[
      starting(function(mesh)
        local any = mesh.schema.open_object {}
        mesh.method("toll.slow", {
          params = any, result = any, limit = { by = "user", perMinute = 60, burst = 2 },
        }, function() end)
      end)
      serve("toll.take", function(mesh, p)
        local ok, wait_ms = mesh.limit.take(p.key, { rate = 1, burst = 3 })
        return { ok = ok, wait_ms = wait_ms }
      end)
    ]])
    host = harness.start { plugins = { folder }, limits = limits_on, workers = workers }
  end
  after_each(function()
    host:stop()
    make.clean()
  end)

  it("of a method counts by user over all connections, and fills up again", function()
    start(true, 2)
    local ann, phone, bob = host:user("ann"), host:user("ann"), host:user("bob")
    assert(ann:call("toll.slow", {}))
    assert(phone:call("toll.slow", {}))
    local _, err = ann:call("toll.slow", {})
    assert.equal("rate_limited", err and err.type)
    assert.is_true(err.data.retryAfterMs > 0 and err.data.retryAfterMs <= 1000)
    assert(bob:call("toll.slow", {}))
    host:advance(1.1)
    assert(ann:call("toll.slow", {}))
  end)

  it("is lifted where the server was told so", function()
    start(false)
    local ann = host:user("ann")
    for _ = 1, 10 do
      assert(ann:call("toll.slow", {}))
    end
  end)

  it("of mesh.limit is one bucket a key for the whole node", function()
    start(true, 2)
    local ann, bob = host:user("ann"), host:user("bob")
    local function take(who, key)
      return assert(who:call("toll.take", { key = key }))
    end
    assert.is_true(take(ann, "a").ok)
    assert.is_true(take(bob, "a").ok)
    assert.is_true(take(ann, "a").ok)
    local no = take(bob, "a")
    assert.is_false(no.ok)
    assert.is_true(no.wait_ms > 0 and no.wait_ms <= 1000, tostring(no.wait_ms))
    assert.is_true(take(bob, "b").ok)
    host:advance(1.1)
    assert.is_true(take(bob, "a").ok)
    assert.is_false(take(bob, "a").ok)
  end)
end)
