-- mesh.session: who gets what a plugin delivers, and what it learns of sessions.
local harness = require "harness"
local make = require "tests.specs.make"

describe("mesh.session", function()
  local host, ann, phone, bob -- on workers 0, 1 and 0

  setup(function()
    local folder = make.folder()
    make.plugin(folder, "post", {
      session = { "deliver", "close", "watch" }, bus = { subscribe = { "session.*" } },
    }, [[
      local seen = {}
      starting(function(mesh)
        local function on_change(mesh, data, from)
          seen[#seen + 1] = { topic = from.topic, userId = data.userId, count = data.count }
        end
        mesh.bus.on("session.opened", {}, on_change)
        mesh.bus.on("session.closed", {}, on_change)
      end)
      serve("post.seen", function(mesh)
        local list = seen
        seen = {}
        return { list = mesh.json.array(list) }
      end)
      serve("post.deliver", function(mesh, p, caller)
        mesh.session.deliver(p.to, "post.letter", { n = p.n }, {
          except = p.butMe and caller.connection or nil, exceptUser = p.exceptUser,
        })
      end)
      serve("post.audience", function(mesh, p)
        local audience = mesh.session.audience(p.ids)
        mesh.session.deliver(audience, "post.letter", { n = 1 })
        mesh.session.deliver(audience, "post.letter", { n = 2 })
        return { size = #audience }
      end)
      serve("post.send", function(mesh, p, caller)
        mesh.session.send(caller.connection, "post.letter", { n = p.n })
      end)
      serve("post.close", function(mesh, p, caller)
        mesh.session.close { userId = p.userId, except = caller.connection }
      end)
      serve("post.of", function(mesh, p)
        local list = mesh.json.array(mesh.session.of(p.userId))
        return { list = list, online = mesh.session.is_online(p.userId) }
      end)
      serve("post.bad", function(mesh)
        return { raised = select(2, pcall(mesh.session.deliver, "u", "post.letter", { f = next })) }
      end)
    ]])
    host = harness.start { plugins = { folder }, workers = 2 }
  end)
  teardown(function()
    host:stop()
    make.clean()
  end)

  before_each(function()
    ann, phone, bob = host:user("ann"), host:user("ann"), host:user("bob")
    ann:call("post.seen", {})
  end)
  after_each(function()
    for _, client in ipairs { ann, phone, bob } do
      client:drop()
    end
  end)

  local function call(name, params)
    return assert(ann:call("post." .. name, params))
  end

  local function letters(client)
    local list = {}
    for params in function() return client:find("post.letter") end do
      list[#list + 1] = params.n
    end
    return table.concat(list, " ")
  end

  it("delivers to all sessions of a user, on every worker", function()
    call("deliver", { to = ann.id, n = 1 })
    assert.equal("1", letters(ann))
    assert.equal("1", letters(phone))
    assert.equal("", letters(bob))
  end)

  it("delivers to a list, without a connection or a user", function()
    call("deliver", { to = { ann.id, bob.id }, n = 1 })
    call("deliver", { to = { ann.id, bob.id }, n = 2, butMe = true })
    call("deliver", { to = { ann.id, bob.id, "u_nobody" }, n = 3, exceptUser = bob.id })
    assert.equal("1 3", letters(ann))
    assert.equal("1 2 3", letters(phone))
    assert.equal("1 2", letters(bob))
  end)

  it("delivers to an audience again and again, and knows its size", function()
    assert.equal(2, call("audience", { ids = { ann.id, bob.id } }).size)
    assert.equal("1 2", letters(ann))
    assert.equal("1 2", letters(bob))
  end)

  it("sends to one connection", function()
    call("send", { n = 7 })
    assert.equal("7", letters(ann))
    assert.equal("", letters(phone))
  end)

  it("closes all sessions of a user but one, after what is queued", function()
    call("deliver", { to = ann.id, n = 1 })
    call("close", { userId = ann.id })
    assert.equal(4403, (phone:closed()))
    assert.equal("1", letters(phone))
    assert.is_nil(ann:closed())
    assert.is_nil(bob:closed())
  end)

  it("knows who is here", function()
    local of = call("of", { userId = ann.id })
    assert.equal(2, #of.list)
    assert.is_true(of.online)
    local ids = { of.list[1].sessionId, of.list[2].sessionId }
    table.sort(ids)
    local wanted = { ann.session.sessionId, phone.session.sessionId }
    table.sort(wanted)
    assert.same(wanted, ids)
    bob:drop()
    assert.is_false(call("of", { userId = bob.id }).online)
  end)

  it("tells every worker of sessions that open and close, and how many are left", function()
    phone:drop()
    bob:drop()
    bob = host:user("bob")
    assert.same({
      { topic = "session.closed", userId = ann.id, count = 1 },
      { topic = "session.closed", userId = bob.id, count = 0 },
      { topic = "session.opened", userId = bob.id, count = 1 },
    }, call("seen", {}).list)
  end)

  it("refuses params that have no JSON form", function()
    local raised = call("bad", {}).raised
    assert.is_truthy(raised and raised:find("function"), raised)
  end)
end)
