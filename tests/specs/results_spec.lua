-- What a method's handler gives back, and what the client then gets.
local harness = require "harness"
local make = require "tests.specs.make"

describe("a method", function()
  local host, client

  setup(function()
    local folder = make.folder()
    make.plugin(folder, "answers", { log = true }, [[
      serve("answers.nothing", function() end)
      serve("answers.back", function(_, params) return params end)
      serve("answers.refuse", function(mesh, p)
        return nil, mesh.error(p.type, p.message, p.data)
      end)
      serve("answers.raise", function() error("on purpose") end)
      serve("answers.text", function() return nil, "just text" end)
      serve("answers.fn", function() return { list = { 1, print or math.floor } } end)
      serve("answers.nan", function() return { n = 0 / 0 } end)
      serve("answers.wrong", function(mesh)
        return nil, mesh.error("conflict", "x", { f = next })
      end)
      serve("answers.number", function() return 5 end)
      serve("answers.circle", function() local t = {} t.t = t return t end)
      serve("answers.huge", function()
        local list = {}
        for i = 1, 6 do list[i] = ("x"):rep(1000000) end
        return { list = list }
      end)
      serve("answers.misuse", function(mesh)
        local function why(...) return select(2, pcall(...)) end
        return {
          kind = why(mesh.error, "sorry"),
          message = why(mesh.error, "conflict", {}),
          data = why(mesh.error, "conflict", "x", "y"),
        }
      end)
      serve("answers.read", function(mesh)
        local err = mesh.error("conflict", "taken", { path = "/x" })
        return { type = err.type, message = err.message, path = err.data.path }
      end)
      starting(function(mesh)
        local s = mesh.schema
        mesh.method("answers.checked", {
          params = s.object { n = s.integer { minimum = 1 }, ["limit?"] = s.integer {} },
          result = s.object { n = s.integer(), list = s.array(s.integer()) },
          auth = false,
        }, function(_, p) return { n = p.limit or 50, list = {}, extra = p.extra } end)
        mesh.method("answers.mine", {}, function(_, _, caller)
          return { userId = caller.userId }
        end)
      end)
    ]])
    host = harness.start { plugins = { folder } }
    client = host:connect()
  end)

  teardown(function()
    host:stop()
    make.clean()
  end)

  local function fails(kind, method, params)
    local result, err = client:call(method, params or {})
    assert.is_nil(result)
    assert.equal(kind, err.type)
    return err
  end

  it("that gives nothing answers {}", function()
    assert.same({}, client:call("answers.nothing", {}))
  end)

  it("gives values back as they came", function()
    local value = { a = { 1, "2", { b = true } }, n = 1.5, z = harness.null, e = "äöü" }
    assert.same(value, client:call("answers.back", value))
  end)

  it("refuses with a type, a message and more members of error.data", function()
    local err = fails("rate_limited", "answers.refuse",
      { type = "rate_limited", message = "slow down", data = { retryAfterMs = 50 } })
    assert.equal(-32029, err.code)
    assert.equal("slow down", err.message)
    assert.same({ type = "rate_limited", retryAfterMs = 50 }, err.data)
  end)

  it("has the contract's code for each type", function()
    local codes = {
      invalid_params = -32602, unauthenticated = -32001, forbidden = -32003, not_found = -32004,
      timeout = -32008, conflict = -32009, too_large = -32013, rejected = -32022,
      rate_limited = -32029, unavailable = -32050,
    }
    for kind, code in pairs(codes) do
      assert.equal(code, fails(kind, "answers.refuse", { type = kind }).code)
    end
  end)

  it("that raises is a plugin_error with an incident and no trace of the code", function()
    local err = fails("plugin_error", "answers.raise")
    assert.equal(-32060, err.code)
    assert.equal("answers", err.data.plugin)
    assert.is_string(err.data.incident)
    assert.is_nil(harness.encode(err.data):find("on purpose", 1, true))
    assert.is_nil(err.message:find("on purpose", 1, true))
  end)

  it("that gives what is no JSON object is a plugin_error and others are answered", function()
    for _, name in ipairs { "fn", "nan", "number", "circle", "huge" } do
      fails("plugin_error", "answers." .. name)
      assert.same({ a = 1 }, client:call("answers.back", { a = 1 }))
    end
  end)

  it("that refuses with data that can't be sent still refuses", function()
    fails("conflict", "answers.wrong")
  end)

  it("may refuse with a text alone, which is `rejected`", function()
    assert.equal("just text", fails("rejected", "answers.text").message)
  end)

  it("can read what mesh.error made", function()
    assert.same({ type = "conflict", message = "taken", path = "/x" },
      client:call("answers.read", {}))
  end)

  it("learns what was wrong in a call of mesh.error", function()
    local why = assert(client:call("answers.misuse", {}))
    assert.is_truthy(why.kind:find("sorry", 1, true), why.kind)
    for _, name in ipairs { "kind", "message", "data" } do
      assert.is_truthy(why[name], name)
      assert.is_truthy(why[name]:find("^answers/init.lua:%d+: ") or why[name]:find("bad argument"),
        why[name])
    end
  end)

  it("is called with what its schema lets through", function()
    assert.same({ n = 50, list = {} }, client:call("answers.checked", { n = 1, extra = 7 }))
    assert.same({ n = 3, list = {} }, client:call("answers.checked", { n = 1, limit = 3 }))
    assert.equal("/n", fails("invalid_params", "answers.checked", { n = 0 }).data.path)
    assert.equal("/n", fails("invalid_params", "answers.checked", {}).data.path)
    assert.equal("/limit",
      fails("invalid_params", "answers.checked", { n = 1, limit = "x" }).data.path)
  end)

  it("answers an empty list where its schema says list", function()
    client:send_raw('{"jsonrpc":"2.0","id":"raw","method":"answers.checked","params":{"n":1}}')
    local answer = client:answer("raw")
    assert.is_false(getmetatable(answer.result.list)) -- an array, not {}
  end)

  it("is not served before session.open unless it says so", function()
    fails("unauthenticated", "answers.mine")
    local ann = host:user("ann")
    assert.equal(ann.id, ann:call("answers.mine", {}).userId)
  end)
end)
