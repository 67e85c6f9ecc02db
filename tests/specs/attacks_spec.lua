-- What a hostile plugin does to the bindings: the attack ends, the worker
-- lives, and the plugin beside it does not notice.
local harness = require "harness"

local LOG = os.tmpname()
local PLUGINS = { "tests/specs/attacks" }

describe("a hostile plugin", function()
  local host

  before_each(function()
    io.open(LOG, "w"):close()
    require("meshtest").log_to(LOG)
    host = harness.start { plugins = PLUGINS, limits = false }
  end)
  after_each(function()
    host:stop()
  end)
  teardown(function()
    require("meshtest").log_to("/dev/null")
    os.remove(LOG)
  end)

  -- A connection of its own, because one that never logs in is closed after a while.
  local function attack(name, params)
    local client = assert(host:connect())
    params = params or {}
    params.attack = name
    local result, err = client:call("prowler.run", params)
    client:drop()
    return result, err
  end

  -- A call that waits: the clock has to move before it answers.
  local function attack_for(seconds, name, params)
    local client = assert(host:connect())
    params = params or {}
    params.attack = name
    local id = client:start("prowler.run", params)
    host:advance(seconds)
    local message = client:answer(id)
    client:drop()
    return message
  end

  local function bystander()
    local client = assert(host:connect())
    local result, err = client:call("bystander.ping", {})
    client:drop()
    assert.is_nil(err, err and err.message)
    assert.equal("a secret note", result.note)
    return result
  end

  local function refuses(name, words)
    local result, err = attack(name)
    assert.is_nil(err, err and err.message)
    assert.is_false(result.ok)
    assert.truthy(result.value:find(words, 1, true), result.value)
    bystander()
  end

  local function fails(name)
    local _, err = attack(name)
    assert.equal("plugin_error", err and err.type)
    bystander()
  end

  local function log_lines(words)
    local count, lines = 0, {}
    for line in io.lines(LOG) do
      if line:find(words, 1, true) then
        count = count + 1
        lines[count] = line
      end
    end
    return count, lines
  end

  describe("with mesh.json", function()
    it("can't encode tables nested without end", function()
      refuses("json_deep", "too deeply")
      refuses("json_circle", "in a circle")
      refuses("json_huge", "too large")
    end)
    it("can't make the host call its metamethods", function()
      local result = assert(attack("json_lies"))
      assert.equal("[1,2,3]", result.value)
    end)
    it("can't decode what is small as text and large as tables", function()
      assert.equal("invalid_params", attack("json_decode_deep").type)
      assert.equal("too_large", attack("json_bomb").type)
      bystander()
    end)
  end)

  describe("with mesh.db", function()
    it("gets no endless results", function()
      assert.equal("too_large", attack("db_rows").type)
      assert.equal("too_large", attack("db_bytes").type)
      bystander()
    end)
    it("is stopped by its memory when the rows do not fit", function()
      fails("db_memory")
    end)
    it("can't compute for ever", function()
      -- Here the database runs on the worker's thread, so the plugin's CPU time may end it before
      -- the database's own limit does.
      local result, err = attack("db_long")
      assert.equal(result and "timeout" or "plugin_error", (err or result).type)
      bystander()
    end)
    it("reaches no table of another plugin and no switch of the database", function()
      for _, sql in ipairs {
        "SELECT text FROM bystander_notes",
        "SELECT * FROM sqlite_master",
        "PRAGMA journal_mode",
        "PRAGMA writable_schema = 1",
        "ATTACH ':memory:' AS other",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
      } do
        local result, err = attack("db_sql", { sql = sql })
        assert.is_nil(err, err and err.message)
        assert.is_nil(result.count, sql)
      end
      for _, sql in ipairs {
        "DELETE FROM bystander_notes",
        "DROP TABLE bystander_notes",
        "CREATE TABLE bystander_more (a)",
        "CREATE TABLE prowler_more (a)",
        "CREATE TEMP TRIGGER t AFTER INSERT ON prowler_rows BEGIN DELETE FROM bystander_notes; END",
        "PRAGMA user_version = 7",
        "VACUUM",
        "BEGIN",
        "COMMIT",
      } do
        local result, err = attack("db_write", { sql = sql })
        assert.is_nil(err, err and err.message)
        assert.is_nil(result.count, sql)
      end
      bystander()
    end)
  end)

  describe("with mesh.call", function()
    it("can't pass for another plugin", function()
      local result = assert(attack("call_strong"))
      assert.same({ type = "forbidden", message = "not for prowler" }, result)
    end)
    it("can't call what its manifest does not name", function()
      refuses("call_ungranted", "does not grant")
    end)
    it("can't call in a circle", function()
      local result = assert(attack("call_circle"))
      assert.truthy(result.err:find("in a circle", 1, true))
      refuses("call_with_circle", "in a circle")
    end)
    it("gets an error's data", function()
      assert.same({ type = "conflict", message = "as asked", list = 3 }, attack("call_failing"))
    end)
    it("dies of an answer that it has no room for, and nobody else", function()
      for _ = 1, 3 do
        fails("call_huge")
      end
    end)
    it("waits for a slow one no longer than it may", function()
      local message = attack_for(3, "call_slow", { seconds = 20 })
      assert.equal("timeout", message.error.data.type)
      bystander()
      host:advance(30) -- the slow one ends, and finds nobody
      bystander()
    end)
  end)

  describe("with logs and metrics", function()
    it("can't forge lines", function()
      attack("log_forge")
      attack("raise_lines")
      for line in io.lines(LOG) do
        assert.truthy(harness.decode(line), line)
        assert.is_nil(line:find("[%z\1-\31\127]"))
      end
      assert.equal(1, log_lines("users forged line"))
    end)
    it("finds no password, token or message in the log", function()
      local ann, bob = host:user("ann"), host:user("bob")
      local secret = "the words between ann and bob"
      assert(ann:call("chat.send", {
        receiverId = bob.id, clientMsgId = "one", type = "text", content = { text = secret },
      }))
      local client = assert(host:connect())
      client:call("user.login", { username = "ann", password = "a wrong password" })
      client:call("session.open", { token = "a wrong token" })
      client:call("user.login", { username = "ann", password = { "no text" } })
      assert.is_nil(host:connect("another wrong token"))
      fails("config")
      for _, text in ipairs {
        "correct horse battery", "a wrong password", "wrong token", secret,
        ann.login.accessToken, ann.login.refreshToken, bob.login.accessToken,
      } do
        assert.equal(0, log_lines(text), text)
      end
      assert.is_true(log_lines("prowler/init.lua") > 0)
    end)
    it("can't flood the log", function()
      attack("log_flood")
      local count = log_lines('"flood"')
      assert.is_true(count > 0 and count <= 1000, tostring(count))
    end)
    it("can't use up the metrics", function()
      assert.equal(256, attack("metric_names").made)
      assert.equal(256, attack("metric_names").made)
      bystander()
    end)
    it("can't mix kinds of metrics, or take something else for one", function()
      refuses("metric_kinds", "only grows")
      refuses("metric_of_other", "mesh.metric")
    end)
  end)

  describe("with mesh.session", function()
    it("can't free a text that the host still reads", function()
      for _ = 1, 3 do
        assert(attack("deliver_shifting"))
        refuses("close_shifting", "expected")
        refuses("open_shifting", "expected")
      end
    end)
    it("can't deliver to what is no list of users", function()
      assert.equal(100, attack("deliver_wrong").refused)
      refuses("deliver_circle", "in a circle")
    end)
    it("gets audiences that are only audiences", function()
      local result = assert(attack("audience_lies"))
      assert.same({ false, false, false }, result.refused)
      assert.equal(2, result.count)
      assert.equal("false", result.metatable)
    end)
  end)

  describe("with its registrations", function()
    it("makes none after start", function()
      assert.equal(0, attack("register_late").allowed)
    end)
    it("can't make some while another's options are read", function()
      local client = assert(host:connect())
      assert(client:call("prowler.shifty", {}))
    end)
  end)

  describe("with floods", function()
    it("loses nothing of what others are to hear", function()
      assert(attack("bus_flood", { count = 1000 }))
      assert.equal(1000, bystander().heard)
    end)
    it("can't keep events causing each other", function()
      assert(attack("bus_storm"))
      host:advance(0.1)
      bystander()
      assert.is_true(log_lines("cause each other") > 0 or log_lines("too many events") > 0)
    end)
    it("can't publish what is not its own, or no data", function()
      refuses("bus_circle", "in a circle")
      refuses("bus_ungranted", "does not grant")
    end)
    it("gets no more timers than its manifest says", function()
      assert.equal(1000, attack("timers").made)
      assert.equal(0, attack("timers").made)
      bystander()
    end)
    it("is paused when its timers all fail", function()
      assert(attack("timers_due"))
      host:advance(2)
      local _, err = attack("forget")
      assert.equal("unavailable", err and err.type)
      assert.is_true(log_lines("thrown by a timer") <= 20)
      bystander()
      host:advance(6)
      assert(attack("forget"))
    end)
    it("can't let 20,000 limits grow", function()
      assert(attack("limit_keys"))
      bystander()
    end)
    it("sleeps no longer than an event may wait", function()
      assert.equal(4, attack("sleep_wrong").raised)
      local message = attack_for(3, "sleep_long")
      assert.equal("timeout", message.error.data.type)
      bystander()
    end)
    it("can't hold up the end by sleeping", function()
      local client = assert(host:connect())
      client:start("prowler.run", { attack = "sleep_long" })
      client:start("prowler.run", { attack = "call_slow", seconds = 1 })
    end) -- host:stop() follows
    it("can't hold up the end by events that cause each other", function()
      local client = assert(host:connect())
      client:start("prowler.run", { attack = "bus_storm" })
      client:start("prowler.run", { attack = "observed", count = 500 })
    end)
  end)

  describe("by its code alone", function()
    it("can't stay in a loop", function()
      fails("loop")
    end)
    it("can't leak past its memory", function()
      fails("leak")
      fails("leak")
    end)
    it("can't return what is no data", function()
      fails("return_circle")
      fails("return_function")
      fails("return_huge")
    end)
    it("can't raise an object whose text never comes", function()
      fails("raise_object")
    end)
    it("can't break an answer with a wrong error", function()
      local _, err = attack("wrong_error")
      assert.truthy(err)
      bystander()
    end)
    it("fails in its hooks alone", function()
      local result = assert(attack("run_point"))
      assert.equal("prowler", result.event.by)
      assert(attack("observed", { count = 3 }))
      bystander()
    end)
  end)
end)
