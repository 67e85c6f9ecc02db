-- mesh.bus: who hears what is published, on which worker.
local harness = require "harness"
local make = require "tests.specs.make"

describe("mesh.bus", function()
  local host, ann, bob -- ann is on worker 0, bob on worker 1

  local LISTENER = [[
    local heard = {}
    local function on(name) return function(mesh, data, from)
      heard[#heard + 1] = ("%s %s %s %s"):format(name, from.topic, from.key or "-", data.n or "")
      if data.fail then error("oops") end
    end end
    starting(function(mesh)
      mesh.bus.on("news.all", {}, on("all"))
      mesh.bus.on("news.one", { where = "one" }, on("one"))
      mesh.bus.on("news.keyed", { keyed = true }, on("keyed"))
    end)
    serve("ear.heard", function(mesh)
      local list = heard
      heard = {}
      table.sort(list)
      return { list = mesh.json.array(list), worker = mesh.worker }
    end)
    serve("ear.follow", function(mesh, p) mesh.bus.follow("news.keyed", p.key) end)
    serve("ear.unfollow", function(mesh, p) mesh.bus.unfollow("news.keyed", p.key) end)
    serve("ear.publish", function(mesh)
      return { ok = (pcall(mesh.bus.publish or error, "news.all", {})) }
    end)
  ]]
  local SPEAKER = [[
    serve("mouth.say", function(mesh, p)
      local ok, why = pcall(mesh.bus.publish, p.topic, p.data, { key = p.key })
      return { raised = not ok and why or nil }
    end)
    serve("mouth.fn", function(mesh)
      return { raised = select(2, pcall(mesh.bus.publish, "news.all", { f = next })) }
    end)
  ]]

  before_each(function()
    local folder = make.folder()
    make.plugin(folder, "ear", { bus = { subscribe = { "news.*" } } }, LISTENER)
    make.plugin(folder, "mouth", { bus = { publish = { "news.*" } } }, SPEAKER)
    host = harness.start { plugins = { folder }, workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
  end)
  after_each(function()
    host:stop()
    make.clean()
  end)

  local function say(who, topic, data, key)
    return assert(who:call("mouth.say", { topic = topic, data = data or {}, key = key })).raised
  end

  local function heard(who)
    return table.concat(assert(who:call("ear.heard", {})).list, "; ")
  end

  it("has the two of them on different workers", function()
    assert.equal(0, ann:call("ear.heard", {}).worker)
    assert.equal(1, bob:call("ear.heard", {}).worker)
  end)

  it("tells the cells of all workers", function()
    say(ann, "news.all", { n = 1 })
    assert.equal("all news.all - 1", heard(ann))
    assert.equal("all news.all - 1", heard(bob))
  end)

  it("tells only the publisher's worker where = one", function()
    say(ann, "news.one", { n = 1 })
    assert.equal("one news.one - 1", heard(ann))
    assert.equal("", heard(bob))
    say(bob, "news.one", { n = 2 })
    assert.equal("", heard(ann))
    assert.equal("one news.one - 2", heard(bob))
  end)

  it("tells keyed topics only to who follows the key", function()
    ann:call("ear.follow", { key = "k" })
    say(bob, "news.keyed", { n = 1 }, "k")
    say(bob, "news.keyed", { n = 2 }, "other")
    assert.equal("keyed news.keyed k 1", heard(ann))
    assert.equal("", heard(bob))
    ann:call("ear.unfollow", { key = "k" })
    say(bob, "news.keyed", { n = 3 }, "k")
    assert.equal("", heard(ann))
  end)

  it("keeps the order of one publisher", function()
    for n = 1, 9 do
      say(ann, "news.all", { n = n })
    end
    assert.equal("all news.all - 1; all news.all - 2; all news.all - 3; all news.all - 4; "
      .. "all news.all - 5; all news.all - 6; all news.all - 7; all news.all - 8; all news.all - 9",
      heard(bob))
  end)

  it("goes on after a handler that raised", function()
    say(ann, "news.all", { n = 1, fail = true })
    say(ann, "news.all", { n = 2 })
    assert.equal("all news.all - 1; all news.all - 2", heard(ann))
  end)

  it("needs the grant of the topic", function()
    local raised = say(ann, "other.topic")
    assert.is_truthy(raised and raised:find("other.topic", 1, true), raised)
    assert.is_false(ann:call("ear.publish", {}).ok)
    assert.equal("", heard(bob))
  end)

  it("carries plain data only", function()
    local raised = assert(ann:call("mouth.fn", {})).raised
    assert.is_truthy(raised and raised:find("function"), raised)
    assert.equal("", heard(ann))
  end)
end)
