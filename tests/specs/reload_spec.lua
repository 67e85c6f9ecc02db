-- Replacing a plugin: what is handed over, and that a new version that can't
-- start changes nothing.
local harness = require "harness"
local make = require "tests.specs.make"

describe("a reload", function()
  local folder, host, ann, bob

  local COUNTER = [[
    local VERSION, count = "%s", 0
    starting(function(mesh, saved)
      plugin.started_with = saved and saved.count or "nothing"
    end)
    function plugin.save() return { count = count, by = VERSION } end
    function plugin.restore(mesh, saved) count = saved.count end
    serve("counter.add", function() count = count + 1 return { count = count, by = VERSION } end)
    serve("counter.started", function() return { with = plugin.started_with, by = VERSION } end)
    serve("counter.slow", function(mesh) mesh.timer.sleep(3) return { by = VERSION } end)
    %s
  ]]

  local function write(version, more, capabilities)
    return make.plugin(folder, "counter", capabilities or { timer = true, call = { "counter.*" } },
      COUNTER:format(version, more or ""))
  end

  before_each(function()
    folder = make.folder()
    write("one")
    host = harness.start { plugins = { folder }, workers = 2 }
    ann, bob = host:user("ann"), host:user("bob") -- on worker 0 and 1
  end)
  after_each(function()
    host:stop()
    make.clean()
  end)

  local function refused(...)
    local ok, why = host:reload("counter")
    assert.is_nil(ok)
    for _, words in ipairs { ... } do
      assert.is_truthy(why:find(words, 1, true), why)
    end
    for _, who in ipairs { ann, bob } do
      assert.equal("one", assert(who:call("counter.add", {})).by)
    end
  end

  it("first starts with nothing saved", function()
    assert.same({ with = "nothing", by = "one" }, ann:call("counter.started", {}))
  end)

  it("hands each worker's state over to the new code", function()
    for _ = 1, 3 do
      ann:call("counter.add", {})
    end
    bob:call("counter.add", {})
    write("two")
    assert(host:reload("counter"))
    assert.same({ count = 4, by = "two" }, ann:call("counter.add", {}))
    assert.same({ count = 2, by = "two" }, bob:call("counter.add", {}))
    assert.same({ with = 3, by = "two" }, ann:call("counter.started", {}))
  end)

  it("hands over again and again", function()
    for i = 1, 10 do
      assert.equal(i, ann:call("counter.add", {}).count)
      write("v" .. i)
      assert(host:reload("counter"))
    end
    assert.same({ count = 11, by = "v10" }, ann:call("counter.add", {}))
  end)

  it("lets a call in flight end in the code that began it", function()
    local id = ann:start("counter.slow", {})
    write("two")
    assert(host:reload("counter"))
    assert.equal("two", ann:call("counter.add", {}).by)
    host:advance(4)
    assert.equal("one", ann:answer(id).result.by)
  end)

  it("brings new methods and takes old ones away", function()
    make.plugin(folder, "counter", {}, [[ serve("counter.new", function() end) ]])
    assert(host:reload("counter"))
    assert.same({}, ann:call("counter.new", {}))
    local _, err = ann:call("counter.add", {})
    assert.equal("method_not_found", err.type)
  end)

  it("with a syntax error changes nothing and says file and line", function()
    write("two", "local = 5")
    refused("init.lua:", "'='")
    local line = make.PREAMBLE_LINES + 10
    write("two", "this is\nnot Lua")
    refused("init.lua:" .. line)
  end)

  it("with an error at start changes nothing and says file and line", function()
    write("two", "starting(function() error('can not') end)")
    refused("counter/init.lua:" .. make.PREAMBLE_LINES + 10, "can not")
  end)

  it("with an error on one worker only changes nothing on any", function()
    write("two", "starting(function(mesh) if mesh.worker == 1 then error('not here') end end)")
    refused("not here")
  end)

  it("with a probe that fails changes nothing and gives its reason", function()
    write("two", "function plugin.probe() return nil, 'no tables' end")
    refused("no tables")
    write("two", "function plugin.probe() error('probe broke') end")
    refused("probe broke")
  end)

  it("with a start that never ends changes nothing", function()
    write("two", "starting(function() while true do end end)")
    refused("start")
  end)

  it("with a manifest that is wrong changes nothing and says where", function()
    local path = write("two")
    make.write(path .. "/plugin.json", '{"name": "counter", "version": "1.0.0"')
    refused("plugin.json")
    make.plugin(folder, "counter", { db = 5 }, "")
    refused("plugin.json", "/capabilities/db")
    make.plugin(folder, "counter", {}, "", { limits = { cpuMs = 0 } })
    refused("plugin.json", "/limits/cpuMs")
    make.plugin(folder, "counter", {}, "", { requires = { "nobody" } })
    refused("nobody")
  end)

  it("with workers that register differently changes nothing", function()
    write("two", [[ starting(function(mesh)
      if mesh.worker == 0 then mesh.export("only", {}, function() end) end
    end) ]])
    refused("")
  end)

  it("with a method that another plugin has changes nothing", function()
    write("two", [[ serve("chat.history", function() end) ]])
    refused("chat.history")
    write("two", [[ serve("counter.add", function() end) ]])
    refused("counter.add")
  end)

  it("with a require of what is not there changes nothing", function()
    write("two", [[ require "missing" ]])
    refused("missing")
  end)

  it("with init.lua that gives no start changes nothing", function()
    local path = write("two")
    make.write(path .. "/init.lua", "return 5")
    refused("init.lua")
  end)

  it("of a plugin that is not there says so", function()
    local ok, why = host:reload("nobody")
    assert.is_nil(ok)
    assert.is_truthy(why:find("nobody", 1, true), why)
  end)

  it("goes on without the state when save fails", function()
    write("two", "function plugin.save() error('no') end")
    assert(host:reload("counter"))
    ann:call("counter.add", {})
    write("three")
    assert(host:reload("counter"))
    assert.same({ count = 1, by = "three" }, ann:call("counter.add", {}))
    write("four", "function plugin.save() return { f = next } end")
    assert(host:reload("counter"))
    write("five", "function plugin.save() return { text = ('x'):rep(1100000) } end")
    assert(host:reload("counter"))
    write("six")
    assert(host:reload("counter"))
    assert.equal("six", ann:call("counter.add", {}).by)
  end)

  it("succeeds after failures, with the state of the last that served", function()
    ann:call("counter.add", {})
    write("two", "starting(function() error('no') end)")
    assert.is_nil((host:reload("counter")))
    write("three")
    assert(host:reload("counter"))
    assert.same({ count = 2, by = "three" }, ann:call("counter.add", {}))
  end)
end)
