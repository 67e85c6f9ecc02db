-- mesh.timer: later, again and again, and across a reload.
local harness = require "harness"
local make = require "tests.specs.make"

describe("mesh.timer", function()
  local folder, host, ann

  local CLOCKS = [[
    local VERSION = "%s"
    starting(function(mesh)
      mesh.timer.on("ring", function(mesh, data)
        mesh.session.deliver(data.user, "clocks.rang", { n = data.n, by = VERSION })
      end)
      mesh.timer.on("tick", function(mesh) mesh.kv.set("ticks" .. mesh.worker,
        (mesh.kv.get("ticks" .. mesh.worker) or 0) + 1) end)
      mesh.timer.on("all", function(mesh) mesh.kv.set("all" .. mesh.worker,
        (mesh.kv.get("all" .. mesh.worker) or 0) + 1) end)
      mesh.timer.every("tick", 10, { where = "one" })
      mesh.timer.every("all", 10, { where = "all" })
    end)
    serve("clocks.after", function(mesh, p, caller)
      return { id = mesh.timer.after(p.seconds, "ring", { user = caller.userId, n = p.n }) }
    end)
    serve("clocks.cancel", function(mesh, p) mesh.timer.cancel(p.id) end)
    serve("clocks.sleep", function(mesh, p) mesh.timer.sleep(p.seconds) return { by = VERSION } end)
    serve("clocks.count", function(mesh, p) return { n = mesh.kv.get(p.key) or 0 } end)
    serve("clocks.try", function(mesh, p)
      return { raised = select(2, pcall(mesh.timer.after, p.seconds, p.name, p.data)) }
    end)
    serve("clocks.many", function(mesh, p)
      for i = 1, p.n do
        local ok, why = pcall(mesh.timer.after, 100, "ring", {})
        if not ok then return { made = i - 1, raised = why } end
      end
      return { made = p.n }
    end)
  ]]

  local function write(version)
    make.plugin(folder, "clocks",
      { timer = true, kv = true, session = { "deliver" } }, CLOCKS:format(version),
      { limits = { timers = 5 } })
  end

  before_each(function()
    folder = make.folder()
    write("one")
    host = harness.start { plugins = { folder }, workers = 2 }
    ann = host:user("ann")
  end)
  after_each(function()
    host:stop()
    make.clean()
  end)

  local function call(name, params)
    return assert(ann:call("clocks." .. name, params))
  end

  it("repeats on a server that nobody has connected to", function()
    host:stop()
    host = harness.start { plugins = { folder }, workers = 2 }
    host:advance(25)
    ann = host:user("ann")
    assert.equal(2, call("count", { key = "ticks0" }).n)
    assert.equal(2, call("count", { key = "all1" }).n)
  end)

  it("rings once, not before its time", function()
    call("after", { seconds = 5, n = 1 })
    host:advance(4.9)
    ann:expect_none("clocks.rang")
    host:advance(0.2)
    assert.equal(1, ann:expect("clocks.rang").n)
    host:advance(20)
    ann:expect_none("clocks.rang")
  end)

  it("rings in the order of the times, not of the calls", function()
    call("after", { seconds = 3, n = 3 })
    call("after", { seconds = 1, n = 1 })
    call("after", { seconds = 2, n = 2 })
    host:advance(4)
    for n = 1, 3 do
      assert.equal(n, ann:expect("clocks.rang").n)
    end
  end)

  it("does not ring once it is cancelled", function()
    local id = call("after", { seconds = 2, n = 1 }).id
    call("after", { seconds = 2, n = 2 })
    call("cancel", { id = id })
    call("cancel", { id = id })
    host:advance(5)
    assert.equal(2, ann:expect("clocks.rang").n)
    ann:expect_none("clocks.rang")
  end)

  it("every, where = one, runs on one worker only", function()
    host:advance(35)
    assert.equal(3, call("count", { key = "ticks0" }).n + call("count", { key = "ticks1" }).n)
  end)

  it("every, where = all, runs on each", function()
    host:advance(35)
    assert.equal(3, call("count", { key = "all0" }).n)
    assert.equal(3, call("count", { key = "all1" }).n)
  end)

  it("wakes a sleeper in time while others are answered", function()
    local id = ann:start("clocks.sleep", { seconds = 3 })
    host:advance(2)
    assert.equal(0, call("count", { key = "x" }).n)
    assert.is_nil(ann:answer(id))
    host:advance(2)
    assert.equal("one", ann:answer(id).result.by)
  end)

  it("survives a reload and rings in the new code", function()
    call("after", { seconds = 5, n = 1 })
    local id = call("after", { seconds = 5, n = 2 }).id
    write("two")
    assert(host:reload("clocks"))
    call("cancel", { id = id })
    host:advance(6)
    assert.same({ n = 1, by = "two" }, ann:expect("clocks.rang"))
    ann:expect_none("clocks.rang")
    host:advance(29)
    assert.equal(3, call("count", { key = "ticks0" }).n + call("count", { key = "ticks1" }).n)
  end)

  it("lets the old code finish its sleep at a reload", function()
    local id = ann:start("clocks.sleep", { seconds = 3 })
    write("two")
    assert(host:reload("clocks"))
    host:advance(4)
    assert.equal("one", ann:answer(id).result.by)
  end)

  it("has no more at once than the manifest says", function()
    local many = call("many", { n = 6 })
    assert.is_true(many.made < 6)
    assert.is_truthy(many.raised:find("timers"), many.raised)
    host:advance(101)
    assert.is_true(call("many", { n = 2 }).made == 2)
  end)

  it("says what it expected", function()
    for _, case in ipairs {
      { seconds = -1, name = "ring" },
      { seconds = 1, name = "nothing" },
      { seconds = 1e12, name = "ring" },
    } do
      local raised = call("try", case).raised
      assert.is_string(raised)
      assert.is_truthy(raised:find("^clocks/init.lua:%d+") or raised:find("bad argument"), raised)
    end
  end)
end)
