-- mesh.schema: what each helper's schema lets through and what it refuses.
local harness = require "harness"

describe("mesh.schema", function()
  local host, client

  setup(function()
    host = harness.start { plugins = { "tests/specs/plugins" } }
    client = assert(host:connect())
  end)
  teardown(function()
    host:stop()
  end)

  local function takes(name, value, kept)
    local result, err = client:call("shapes." .. name, { v = value })
    assert.is_nil(err, err and err.message)
    if kept == nil then
      kept = value
    end
    assert.same(kept, result.v)
  end

  local function refuses(name, value, kind)
    local _, err = client:call("shapes." .. name, { v = value })
    assert.equal(kind or "invalid_params", err and err.type)
  end

  it("checks scalars", function()
    takes("string", "abcd")
    refuses("string", "")
    refuses("string", "abcde")
    takes("text", "abcd")
    refuses("text", "abcde", "too_large")
    takes("id", "u1")
    refuses("id", "")
    takes("integer", 9)
    refuses("integer", 10)
    refuses("integer", 1.5)
    takes("number", 1.5)
    refuses("number", "1")
    takes("boolean", false)
    refuses("boolean", 0)
    takes("time", 0)
    refuses("time", -1)
  end)

  it("counts the bytes behind base64url", function()
    takes("bytes", "AAAA") -- three bytes
    refuses("bytes", "AAAAAA")
    refuses("bytes", "a+b")
  end)

  it("checks enum, const and prefix", function()
    takes("enum", "b")
    refuses("enum", "c")
    takes("const", "yes")
    refuses("const", "no")
    takes("prefix", "x.poll")
    refuses("prefix", "poll")
  end)

  it("checks what is inside containers", function()
    takes("array", { 1, 2 })
    refuses("array", { 1, 2, 3 }, "too_large")
    refuses("array", { "1" })
    takes("map", { x = 1, y = 2 })
    refuses("map", { x = "1" })
    refuses("map", { x = 1, y = 2, z = 3 })
    takes("any", { x = { 1, "2", { y = true } } })
  end)

  it("makes names with ? optional and drops what it does not name", function()
    takes("object", { a = 1 })
    takes("object", { a = 1, b = 2, c = 3 }, { a = 1, b = 2 })
    refuses("object", { b = 2 })
    takes("open", { a = 1, c = 3 })
    refuses("open", { c = 3 })
  end)

  it("lets null in where it is nullable", function()
    takes("nullable", harness.null)
    takes("nullable", "a")
    refuses("nullable", "c")
    takes("null_id", harness.null)
    takes("null_id", "u1")
    takes("null_const", harness.null)
    takes("null_const", "a")
    refuses("null_const", "b")
    refuses("enum", harness.null)
  end)

  it("takes the variant that the member names", function()
    takes("union", { type = "text", text = "hi", content = 5 }, { type = "text", text = "hi" })
    takes("union", { type = "x.poll", content = { a = 1 } })
    refuses("union", { type = "text", text = "" })
    refuses("union", { type = "other", text = "hi" })
    refuses("union", {})
  end)

  it("names the helper, the line and what was expected", function()
    local list = assert(client:call("shapes.mistakes")).list
    local expected = {
      "s.string: no option maxByte; one of ",
      "s.string: a table of options expected",
      "s.integer: option minimum: a number expected",
      "s.array: the schema of the items expected",
      "s.object: names as keys, like {chatId = s.id()}, expected",
      "s.object: member name: a schema expected",
      "s.enum: a list of at least one value expected",
      "s.const: a string, a number or a boolean expected",
      "s.prefix: what the string starts with expected",
      "s.union: variant 1: an s.object with type = s.const or s.prefix expected",
      "s.nullable: no union but an optional member expected",
      "s.map: the schema of the values expected",
    }
    assert.equal(#expected, #list)
    for i, words in ipairs(expected) do
      assert.is_truthy(list[i]:find(words, 1, true), list[i])
      assert.is_truthy(list[i]:find("^shapes/init.lua:%d+: "), list[i])
    end
  end)
end)
