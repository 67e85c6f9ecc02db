-- Points and hooks: who is asked in which order, who may refuse or change.
local harness = require "harness"
local make = require "tests.specs.make"

-- desk has the point; its method runs an event through it.
local DESK = [[
  local point
  starting(function(mesh)
    local s = mesh.schema
    point = mesh.point("desk.ask", { summary = "For specs.", fields = s.open_object {} })
  end)
  serve("desk.run", function(mesh, p)
    local event, err = point:run { text = p.text, path = mesh.json.array {} }
    if not event then return nil, err end
    return { event = event, active = point.active }
  end)
  serve("desk.observe", function(mesh, p)
    point:observe { text = p.text }
    return { active = point.active }
  end)
]]

-- A hook that adds its name to the event's path.
local function adds(stage, options)
  return ([[
    starting(function(mesh)
      mesh.hook("desk.ask", { stage = "%s" %s }, function(mesh, event)
        event.path[#event.path + 1] = mesh.plugin
        return event
      end)
    end)
  ]]):format(stage, options and ", " .. options or "")
end

local function does(stage, body, options)
  return ([[
    starting(function(mesh)
      mesh.hook("desk.ask", { stage = "%s" %s }, function(mesh, event) %s end)
    end)
  ]]):format(stage, options and ", " .. options or "", body)
end

describe("a hook", function()
  local folder, host, client

  before_each(function()
    folder = make.folder()
    make.plugin(folder, "desk", {}, DESK)
  end)
  after_each(function()
    if host then
      host:stop()
      host = nil
    end
    make.clean()
  end)

  local function hooking(name, code)
    make.plugin(folder, name, { hook = { "desk.*" }, timer = true, kv = true }, code)
  end

  local function open(workers)
    host = harness.start { plugins = { folder }, workers = workers }
    client = host:user("ann")
  end

  local function run(text)
    return client:call("desk.run", { text = text or "hi" })
  end

  local function path()
    return table.concat(assert(run()).event.path, " ")
  end

  it("nobody has leaves the event as it is and the point not active", function()
    open()
    assert.same({ event = { text = "hi", path = {} }, active = false }, run())
  end)

  it("makes the point active", function()
    hooking("aaa", adds("transform"))
    open()
    assert.is_true(run().active)
  end)

  it("of one stage is asked by name, whatever was loaded first", function()
    hooking("ccc", adds("transform"))
    hooking("aaa", adds("transform"))
    hooking("bbb", adds("transform"))
    open()
    assert.equal("aaa bbb ccc", path())
  end)

  it("goes before and after whom it says", function()
    hooking("aaa", adds("transform", 'after = { "ccc" }'))
    hooking("bbb", adds("transform"))
    hooking("ccc", adds("transform"))
    hooking("ddd", adds("transform", 'before = { "bbb" }'))
    open()
    local order = path()
    assert.is_true(order:find("ccc") < order:find("aaa"), order)
    assert.is_true(order:find("ddd") < order:find("bbb"), order)
    assert.equal(15, #order)
  end)

  it("may name a plugin that is not there", function()
    hooking("aaa", adds("transform", 'after = { "nobody" }'))
    open()
    assert.equal("aaa", path())
  end)

  it("in a circle of before and after stops the start with a reason", function()
    hooking("aaa", adds("transform", 'after = { "bbb" }'))
    hooking("bbb", adds("transform", 'after = { "aaa" }'))
    local ok, why = pcall(open)
    assert.is_false(ok)
    assert.is_truthy(why:find("%f[%w]bbb is in it") or why:find("%f[%w]aaa is in it"), why)
  end)

  it("of an earlier stage comes first, whatever its name", function()
    hooking("aaa", adds("transform"))
    hooking("zzz", does("authorize", 'if event.text == "no" then return nil, "not you" end'))
    hooking("yyy", does("validate", 'if event.text ~= "ok" then return nil, "not so" end'))
    open()
    local _, err = run("no")
    assert.equal("rejected", err.type)
    assert.same({ type = "rejected", plugin = "zzz", reason = "not you" }, err.data)
    _, err = run("hm")
    assert.same({ type = "rejected", plugin = "yyy", reason = "not so" }, err.data)
    assert.equal("aaa", table.concat(assert(run("ok")).event.path, " "))
  end)

  it("that vetoes keeps the later ones from being asked", function()
    hooking("aaa", does("validate", 'return nil, "never"'))
    hooking("bbb", does("transform", 'mesh.kv.set("asked", true)'))
    hooking("ccc", [[
      serve("ccc.asked", function(mesh) return { asked = mesh.kv.get("asked") == true } end)
    ]])
    open()
    assert.is_nil((run()))
    assert.is_false(client:call("ccc.asked", {}).asked)
  end)

  it("that vetoes with an error of its own refuses with that one", function()
    hooking("aaa", does("validate",
      'return nil, mesh.error("rate_limited", "slow", { retryAfterMs = 5 })'))
    open()
    local _, err = run()
    assert.equal("rate_limited", err.type)
    assert.equal(5, err.data.retryAfterMs)
  end)

  it("of validate can't change the event", function()
    hooking("aaa", does("validate", 'event.text = "changed" return event'))
    open()
    assert.equal("hi", run().event.text)
  end)

  it("of transform sees what the one before made of the event", function()
    hooking("aaa", does("transform", 'event.text = event.text .. "a" return event'))
    hooking("bbb", does("transform", 'event.text = event.text .. "b" return event'))
    open()
    assert.equal("hiab", run().event.text)
  end)

  it("of transform that changes the event without giving it back changes nothing", function()
    hooking("aaa", does("transform", 'event.text = "changed"'))
    open()
    assert.equal("hi", run().event.text)
  end)

  it("that raises is passed over where it fails open", function()
    hooking("aaa", does("transform", 'error("oops")'))
    hooking("bbb", adds("transform"))
    open()
    assert.equal("bbb", path())
  end)

  it("of authorize that raises refuses, and so does one that fails closed", function()
    hooking("aaa", does("authorize", 'if event.text == "x" then error("oops") end'))
    local raises = 'if event.text == "%s" then error("oops") end'
    hooking("bbb", does("validate", raises:format("y"), 'fail = "closed"'))
    hooking("ccc", does("authorize", raises:format("z"), 'fail = "open"'))
    open()
    local _, err = run("x")
    assert.equal("plugin_error", err and err.type)
    assert.equal("aaa", err.data.plugin)
    _, err = run("y")
    assert.equal("bbb", err and err.data.plugin)
    assert(run("z"))
    assert(run("hi"))
  end)

  it("may wait", function()
    hooking("aaa", does("transform", 'mesh.timer.sleep(1) event.text = "later" return event'))
    open()
    local id = client:start("desk.run", { text = "hi" })
    host:advance(0.5)
    assert.is_nil(client:answer(id))
    host:advance(1)
    assert.equal("later", client:answer(id).result.event.text)
  end)

  it("of observe is told later and can refuse nothing", function()
    hooking("aaa", does("observe", 'mesh.kv.set("seen", event.text) error("oops")'))
    hooking("bbb", [[ serve("bbb.n", function() return {} end) ]])
    make.plugin(folder, "aab", { hook = { "desk.ask" }, session = { "deliver" } }, [[
      starting(function(mesh)
        mesh.hook("desk.ask", { stage = "observe" }, function(mesh, event)
          mesh.session.deliver(event.text, "aab.seen", {})
        end)
      end)
    ]])
    open()
    assert.is_true(client:call("desk.observe", { text = client.id }).active)
    client:expect("aab.seen")
    assert(run()) -- observers are not asked by run
    client:expect_none("aab.seen")
  end)

  it("needs the grant of its point and a stage", function()
    make.plugin(folder, "aaa", { hook = { "chat.send" } }, does("transform", ""))
    local ok, why = pcall(open)
    assert.is_false(ok)
    assert.is_truthy(why:find("desk.ask", 1, true), why)
    hooking("aaa", does("soon", ""))
    ok, why = pcall(open)
    assert.is_false(ok)
    assert.is_truthy(why:find("stage is", 1, true), why)
  end)

  it("comes and goes with its plugin's reload", function()
    hooking("aaa", adds("transform"))
    open(2)
    assert.equal("aaa", path())
    hooking("aaa", "")
    assert(host:reload("aaa"))
    assert.is_false(run().active)
  end)
end)
