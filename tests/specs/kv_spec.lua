-- mesh.kv over the real database.
local harness = require "harness"

describe("mesh.kv", function()
  local host, client

  before_each(function()
    host = harness.start { plugins = { "tests/specs/plugins" } }
    client = host:user("ann") -- who is not logged in is closed after 10 s
  end)
  after_each(function()
    host:stop()
  end)

  local function call(name, params)
    return assert(client:call("shelf." .. name, params))
  end

  local function keys(params)
    local names = {}
    for i, row in ipairs(call("list", params).rows) do
      names[i] = row.key
    end
    return table.concat(names, " ")
  end

  it("gives back what was set, of any shape", function()
    for _, value in ipairs { "text", 7, 1.5, true, { a = { 1, 2 } }, harness.null } do
      local set = call("set", { key = "k", value = value })
      local got = call("get", { key = "k" })
      assert.same(value, got.value)
      assert.equal(set.value, got.version)
    end
  end)

  it("gives nothing for a key that is not there", function()
    assert.is_true(call("get", { key = "k" }).nothing)
  end)

  it("raises the version with every set, even after a delete", function()
    local first = call("set", { key = "k", value = 1 }).value
    local second = call("set", { key = "k", value = 1 }).value
    assert.is_true(second > first)
    assert.is_true(call("delete", { key = "k" }).value)
    assert.is_false(call("delete", { key = "k" }).value)
    assert.is_true(call("set", { key = "k", value = 1 }).value > second)
  end)

  it("sets with a version only what still has it", function()
    local version = call("set", { key = "k", value = 1 }).value
    local newer = call("set", { key = "k", value = 2, version = version }).value
    assert.is_true(newer > version)
    assert.equal("conflict", call("set", { key = "k", value = 3, version = version }).err)
    assert.equal(2, call("get", { key = "k" }).value)
    assert.equal("conflict", call("set", { key = "other", value = 3, version = newer }).err)
  end)

  it("sets with version 0 only what is absent", function()
    assert.is_number(call("set", { key = "k", value = 1, version = 0 }).value)
    assert.equal("conflict", call("set", { key = "k", value = 2, version = 0 }).err)
    call("delete", { key = "k" })
    assert.is_number(call("set", { key = "k", value = 3, version = 0 }).value)
  end)

  it("forgets a value when its ttl is over", function()
    local version = call("set", { key = "k", value = 1, ttl = 5 }).value
    host:advance(4)
    assert.equal(1, call("get", { key = "k" }).value)
    host:advance(2)
    assert.is_true(call("get", { key = "k" }).nothing)
    assert.equal("", keys {})
    assert.is_false(call("delete", { key = "k" }).value)
    assert.equal("conflict", call("set", { key = "k", value = 2, version = version }).err)
    assert.is_number(call("set", { key = "k", value = 2, version = 0 }).value)
    host:advance(10)
    assert.equal(2, call("get", { key = "k" }).value)
  end)

  it("lists by prefix, in order, page by page", function()
    for _, key in ipairs { "b:2", "a:1", "b:1", "b", "c", "b:10", "b;", "ä" } do
      call("set", { key = key, value = key })
    end
    assert.equal("b:1 b:10 b:2", keys { prefix = "b:" })
    assert.equal("b:1 b:10", keys { prefix = "b:", limit = 2 })
    assert.equal("b:2", keys { prefix = "b:", after = "b:10" })
    assert.equal("a:1 b b:1 b:10 b:2 b; c ä", keys {})
    assert.equal("ä", keys { prefix = "ä" })
    local row = call("list", { prefix = "a" }).rows[1]
    assert.equal("a:1", row.value)
    assert.is_number(row.version)
  end)

  it("says what it expected", function()
    local cases = {
      { { key = "" }, "mesh.kv.set: a key of 1 to 512 bytes of UTF-8 expected" },
      { { key = ("x"):rep(513) }, "mesh.kv.set: a key of 1 to 512 bytes of UTF-8 expected" },
      { { key = "k" }, "mesh.kv.set: a value (mesh.kv.delete removes a key) expected" },
      { { key = "k", value = 1, ttl = 0 }, "ttl: seconds above 0" },
      { { key = "k", value = 1, version = -1 }, "version: an integer from 0 on" },
    }
    for _, case in ipairs(cases) do
      local raised = call("set", case[1]).raised
      assert.is_truthy(raised and raised:find(case[2], 1, true), raised)
    end
    local big = ("x"):rep(262145)
    assert.equal("too_large", call("set", { key = "k", value = big }).err)
  end)

  it("does not give the database to a plugin that has only kv", function()
    assert.is_false(call("has_db", {}).value)
  end)
end)
