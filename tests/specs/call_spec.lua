-- mesh.call: one plugin uses what another exports.
local harness = require "harness"
local make = require "tests.specs.make"

describe("mesh.call", function()
  local host, client

  setup(function()
    local folder = make.folder()
    make.plugin(folder, "sums", { timer = true, call = { "uses.back", "sums.*" } }, [[
      local waits = 0
      starting(function(mesh)
        local s = mesh.schema
        mesh.export("add", {
          summary = "Adds.", params = s.object { a = s.integer(), ["b?"] = s.integer() },
        }, function(_, args, from)
          return { sum = args.a + (args.b or 0), from = from.plugin}
        end)
        local function any(name, handler)
          mesh.export(name, { summary = "For specs.", params = s.open_object {} }, handler)
        end
        any("refuse", function() return nil, mesh.error("conflict", "taken", { path = "/a" }) end)
        any("raise", function() error("oops") end)
        any("nothing", function() end)
        any("text", function() return "text" end)
        any("fn", function() return { next } end)
        any("slow", function() mesh.timer.sleep(2) return { done = true } end)
        any("back", function() return mesh.call("uses.back", {}) end)
        any("self", function() return mesh.call("sums.add", { a = 1 }) end)
      end)
    ]])
    make.plugin(folder, "uses", { call = { "sums.*", "gone.*" } }, [[
      serve("uses.call", function(mesh, p)
        local ok, result, err = pcall(mesh.call, p.name, p.args)
        if not ok then return { raised = result } end
        if err then return nil, err end
        return { result = result, nothing = result == nil }
      end)
      starting(function(mesh)
        mesh.export("back", { summary = "For specs." }, function() return { reached = true } end)
      end)
    ]])
    for i = 1, 12 do
      make.plugin(folder, "deep" .. i, { call = { "deep*" } }, ([[
        local function go(mesh)
          local result, err = mesh.call("deep%d.go", {})
          return { depth = result and result.depth + 1 or 0, why = err and err.type or result.why }
        end
        starting(function(mesh) mesh.export("go", { summary = "For specs." }, go) end)
        serve("deep%d.start", go)
      ]]):format(i + 1, i))
    end
    make.plugin(folder, "lonely", {}, [[
      serve("lonely.has", function(mesh) return { call = mesh.call ~= nil } end)
    ]])
    host = harness.start { plugins = { folder } }
    client = host:user("ann")
  end)

  teardown(function()
    host:stop()
    make.clean()
  end)

  local function call(name, args)
    return client:call("uses.call", { name = name, args = args or {} })
  end

  it("gives what the export gives, and says who called", function()
    assert.same({ sum = 5, from = "uses" }, call("sums.add", { a = 2, b = 3 }).result)
    assert.equal("text", call("sums.text").result)
    assert.is_true(call("sums.nothing").nothing)
  end)

  it("passes an error value on as it is", function()
    local _, err = call("sums.refuse")
    assert.equal("conflict", err.type)
    assert.equal("taken", err.message)
    assert.equal("/a", err.data.path)
  end)

  it("tells a raised error by the plugin that raised it", function()
    local _, err = call("sums.raise")
    assert.equal("plugin_error", err.type)
    assert.equal("sums", err.data.plugin)
    _, err = call("sums.fn")
    assert.equal("sums", err.data.plugin)
  end)

  it("raises where the arguments are not what the export takes", function()
    local raised = call("sums.add", { a = "x" }).raised
    assert.is_truthy(raised and raised:find("call .*add: /a "), raised)
  end)

  it("needs the grant of its export", function()
    local raised = call("chat.members", { chatId = "x" }).raised
    assert.is_truthy(raised and raised:find("does not grant", 1, true), raised)
    assert.is_false(client:call("lonely.has", {}).call)
  end)

  it("answers unavailable where there is no such plugin", function()
    local _, err = call("gone.away")
    assert.equal("unavailable", err.type)
  end)

  it("waits when the export waits", function()
    local id = client:start("uses.call", { name = "sums.slow", args = {} })
    host:advance(1)
    assert.is_nil(client:answer(id))
    assert.equal("uses", call("sums.add", { a = 1 }).result.from)
    host:advance(2)
    assert.is_true(client:answer(id).result.result.done)
  end)

  it("ends a circle", function()
    local _, err = call("sums.back")
    assert.equal("unavailable", err.type)
    assert.is_truthy(err.message:find("circle"), err.message)
    _, err = call("sums.self")
    assert.equal("unavailable", err.type)
  end)

  it("ends a chain that is too deep, and only there", function()
    local result = assert(client:call("deep1.start", {}))
    assert.is_true(result.depth >= 5 and result.depth < 12, tostring(result.depth))
    assert.equal("plugin_error", result.why) -- of who went too far
    assert.same({ sum = 1, from = "uses" }, call("sums.add", { a = 1 }).result)
  end)
end)
