-- A plugin that misbehaves fails alone.
local harness = require "harness"
local make = require "tests.specs.make"

describe("a plugin", function()
  local host, ann, bob

  before_each(function()
    local folder = make.folder()
    make.plugin(folder, "wild", { timer = true }, [[
      local kept = {}
      serve("wild.ok", function() return { ok = true } end)
      serve("wild.loop", function() while true do end end)
      serve("wild.caught", function()
        while true do pcall(function() while true do end end) end
      end)
      serve("wild.pattern", function()
        return { n = (("a"):rep(30000) .. "b"):find((".-"):rep(30) .. "c") }
      end)
      serve("wild.eat", function()
        local list = {}
        while true do list[#list + 1] = ("x"):rep(1000) .. #list end
      end)
      serve("wild.hoard", function()
        while true do kept[#kept + 1] = ("x"):rep(100000) .. #kept end
      end)
      serve("wild.deep", function() local function f() return 1 + f() end return { n = f() } end)
      serve("wild.sleep", function(mesh) mesh.timer.sleep(100) end)
      serve("wild.yield", function() coroutine.yield(1) end)
      serve("wild.raise", function() error("oops") end)
      serve("wild.globals", function()
        local found = {}
        for _, name in ipairs { "os", "io", "debug", "package", "load", "loadstring", "dofile",
            "loadfile", "collectgarbage", "print" } do
          if _ENV[name] ~= nil then found[#found + 1] = name end
        end
        return { list = table.concat(found, " "), dump = string.dump ~= nil }
      end)
      serve("wild.poison", function()
        local ok = pcall(function() string.rep = nil end)
        local same = pcall(function() getmetatable("").__index = nil end)
        return {}
      end)
    ]], { limits = { cpuMs = 20, memoryMb = 8, wallMs = 2000, calls = 4 } })
    make.plugin(folder, "calm", {}, [[
      serve("calm.ok", function() return { text = ("x"):rep(3) } end)
    ]])
    host = harness.start { plugins = { folder } }
    ann, bob = host:user("ann"), host:user("bob")
  end)
  after_each(function()
    host:stop()
    make.clean()
  end)

  local function fails(kind, method)
    local result, err = ann:call(method, {})
    assert.is_nil(result)
    assert.equal(kind, err.type)
    assert.same({ text = "xxx" }, bob:call("calm.ok", {}))
    return err
  end

  it("that loops is ended and answers again", function()
    for _, name in ipairs { "loop", "caught", "pattern" } do
      local err = fails("plugin_error", "wild." .. name)
      assert.equal("wild", err.data.plugin)
      assert.is_true(ann:call("wild.ok", {}).ok, name)
    end
  end)

  it("that takes too much memory is ended", function()
    fails("plugin_error", "wild.eat")
    fails("plugin_error", "wild.hoard")
    fails("plugin_error", "wild.deep")
  end)

  it("that waits too long is answered timeout", function()
    local id = ann:start("wild.sleep", {})
    host:advance(1)
    assert.is_nil(ann:answer(id))
    assert.is_true(ann:call("wild.ok", {}).ok)
    host:advance(2)
    assert.equal("timeout", ann:answer(id).error.data.type)
  end)

  it("that yields to nobody is a plugin_error", function()
    fails("plugin_error", "wild.yield")
  end)

  it("has no more calls in flight than its manifest says, and others are answered", function()
    for _ = 1, 4 do
      ann:start("wild.sleep", {})
    end
    local _, err = bob:call("wild.ok", {})
    assert.equal("unavailable", err and err.type)
    assert.same({ text = "xxx" }, bob:call("calm.ok", {}))
    host:advance(3)
    assert.is_true(bob:call("wild.ok", {}).ok)
  end)

  it("sees nothing of the system", function()
    assert.same({ list = "", dump = false }, ann:call("wild.globals", {}))
  end)

  it("can't change the libraries of another", function()
    ann:call("wild.poison", {})
    assert.same({ text = "xxx" }, bob:call("calm.ok", {}))
  end)

  it("that fails again and again is left alone for a while", function()
    for _ = 1, 20 do
      fails("plugin_error", "wild.raise")
    end
    local err = fails("unavailable", "wild.ok")
    assert.is_number(err.data.retryAfterMs)
    host:advance(6)
    assert.is_true(ann:call("wild.ok", {}).ok)
  end)

  it("that fails now and then is not left alone", function()
    for _ = 1, 40 do
      fails("plugin_error", "wild.raise")
      host:advance(1)
    end
    assert.is_true(ann:call("wild.ok", {}).ok)
  end)
end)
