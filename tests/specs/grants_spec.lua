-- What a manifest grants is there, what it does not is absent; and its config.
local harness = require "harness"
local make = require "tests.specs.make"

describe("the mesh table", function()
  local host, client

  local SHOW = [[
    serve("%s.has", function(mesh)
      local names = {}
      for _, name in ipairs { "session", "bus", "db", "kv", "crypto", "json", "timer", "log",
          "metrics", "config", "call", "limit", "hook", "route", "command", "auth",
          "method", "event", "export", "point", "error", "null", "id", "now", "schema",
          "plugins" } do
        if mesh[name] ~= nil then names[#names + 1] = name end
      end
      return { names = table.concat(names, " ") }
    end)
  ]]
  local ALWAYS = "method event export point error null id now schema plugins"

  local function has(grants, config)
    local folder = make.folder()
    make.plugin(folder, "mine", grants, SHOW:format("mine") .. [[
      serve("mine.session", function(mesh)
        local names = {}
        for _, name in ipairs { "deliver", "send", "audience", "open", "close", "of" } do
          if mesh.session[name] ~= nil then names[#names + 1] = name end
        end
        return { names = table.concat(names, " ") }
      end)
      serve("mine.config", function(mesh)
        return {
          greeting = mesh.config.greeting, times = mesh.config.times, other = mesh.config.other,
          set = pcall(function() mesh.config.greeting = "x" end), plugin = mesh.plugin,
          worker = mesh.worker, limit = mesh.limits.textBytes,
        }
      end)
    ]], { config = config })
    host = harness.start { plugins = { folder } }
    client = host:connect()
    return assert(client:call("mine.has", {})).names
  end

  after_each(function()
    if host then
      host:stop()
      host = nil
    end
    make.clean()
  end)

  local function with(names, word)
    return (" " .. names .. " "):find(" " .. word .. " ", 1, true) ~= nil
  end

  it("without grants has what needs none", function()
    local names = has {}
    for word in (ALWAYS .. " json"):gmatch("%a+") do
      assert.is_true(with(names, word), word)
    end
    for word in ("session bus db kv crypto timer metrics call limit hook route command auth")
      :gmatch("%a+") do
      assert.is_false(with(names, word), word)
    end
  end)

  it("has each grant's part, and only that", function()
    local cases = {
      db = {}, kv = true, crypto = true, timer = true, metrics = true, limit = true,
      bus = { publish = { "mine.*" } }, call = { "chat.members" }, hook = { "chat.send" },
    }
    for grant, parameters in pairs(cases) do
      local names = has { [grant] = parameters }
      assert.is_true(with(names, grant), grant)
      for other in pairs(cases) do
        assert.equal(other == grant, with(names, other), grant .. " and " .. other)
      end
      host:stop()
      host = nil
    end
  end)

  it("has the parts of session that were granted", function()
    has { session = { "deliver" } }
    local names = client:call("mine.session", {}).names
    assert.is_true(with(names, "deliver") and with(names, "audience"))
    assert.is_false(with(names, "open") or with(names, "close"))
  end)

  it("has the defaults of its config, read only", function()
    has({}, {
      greeting = { type = "string", default = "hello" },
      times = { type = "integer", minimum = 1, maximum = 9, default = 3 },
    })
    local got = assert(client:call("mine.config", {}))
    assert.equal("hello", got.greeting)
    assert.equal(3, got.times)
    assert.is_nil(got.other)
    assert.is_false(got.set)
    assert.equal("mine", got.plugin)
    assert.equal(16384, got.limit)
  end)

  it("is refused to a manifest with an unknown capability", function()
    local ok, why = pcall(has, { teleport = true })
    assert.is_false(ok)
    assert.is_truthy(why:find("teleport", 1, true), why)
  end)

  it("is refused to a config whose default breaks its own schema", function()
    local ok, why = pcall(has, {}, { times = { type = "integer", maximum = 9, default = 10 } })
    assert.is_false(ok)
    assert.is_truthy(why:find("times", 1, true), why)
  end)
end)
