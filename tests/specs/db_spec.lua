-- mesh.db: a plugin's own tables, atomic batches with conditions, nothing else.
local harness = require "harness"
local make = require "tests.specs.make"

describe("mesh.db", function()
  local host, client

  local SHOP = [[
    local function plain(err)
      return err and { type = err.type, at = err.at, rows = err.rows }
    end
    serve("shop.query", function(mesh, p)
      local ok, rows, err = pcall(mesh.db.query, p.sql, p.args)
      if not ok then return { raised = rows } end
      return { rows = rows and mesh.json.array(rows), err = plain(err) }
    end)
    serve("shop.first", function(mesh, p)
      local row, err = mesh.db.first(p.sql, p.args)
      return { row = row, err = plain(err) }
    end)
    serve("shop.write", function(mesh, p)
      local batch = {}
      for i, s in ipairs(p.batch) do batch[i] = { s.sql, s.args, expect = s.expect } end
      local ok, done, err = pcall(mesh.db.write, batch)
      if not ok then return { raised = done } end
      if not done then return { err = plain(err) } end
      local changes = {}
      for i, rows in ipairs(done) do changes[i] = rows.changes end
      return { changes = mesh.json.array(changes) }
    end)
    serve("shop.read", function(mesh, p)
      local got = mesh.db.read { { p.one }, { p.two } }
      return { first = got[1][1], second = got[2][1] }
    end)
    serve("shop.refuse", function(mesh)
      return nil, select(2, mesh.db.write { { "SELECT 1", nil, expect = "none" } })
    end)
    serve("shop.bytes", function(mesh, p)
      mesh.db.write { { "INSERT INTO shop_items (id, data) VALUES ('b', :d)",
        { d = mesh.db.blob("\0\255\1") } } }
      local row = mesh.db.first("SELECT data FROM shop_items WHERE id = 'b'")
      return { same = row.data == "\0\255\1" }
    end)
    serve("shop.has", function(mesh) return { kv = mesh.kv ~= nil } end)
  ]]

  local function shop(folder, code)
    local path = make.plugin(folder, "shop", { db = { reads = { "users_users" } } }, code or SHOP)
    os.execute("mkdir -p " .. path .. "/migrations")
    make.write(path .. "/migrations/0001_start.sql",
      "CREATE TABLE shop_items (id TEXT PRIMARY KEY, n INTEGER, data BLOB) STRICT, WITHOUT ROWID;")
    return path
  end

  local folder
  before_each(function()
    folder = make.folder()
    shop(folder)
    make.plugin(folder, "nodb", {}, [[
      serve("nodb.has", function(mesh) return { db = mesh.db ~= nil } end)
    ]])
    host = harness.start { plugins = { folder } }
    client = host:user("ann")
  end)
  after_each(function()
    host:stop()
    make.clean()
  end)

  local function call(name, params)
    return assert(client:call("shop." .. name, params))
  end

  local function query(sql, args)
    return call("query", { sql = sql, args = args })
  end

  local function write(...)
    return call("write", { batch = { ... } })
  end

  local function insert(id, n, expect)
    return {
      sql = "INSERT INTO shop_items (id, n) VALUES (:id, :n)",
      args = { id = id, n = n },
      expect = expect,
    }
  end

  local function ids()
    local list = {}
    for i, row in ipairs(query("SELECT id FROM shop_items ORDER BY id").rows) do
      list[i] = row.id
    end
    return table.concat(list, " ")
  end

  it("gives rows by column, the first one, and nil for none", function()
    write(insert("a", 1), insert("b", 2))
    assert.same({ { id = "a", n = 1 }, { id = "b", n = 2 } },
      query("SELECT id, n FROM shop_items ORDER BY id").rows)
    local first = { sql = "SELECT n FROM shop_items WHERE id = :id", args = { id = "b" } }
    assert.same({ row = { n = 2 } }, call("first", first))
    first.args.id = "c"
    assert.same({}, call("first", first))
  end)

  it("says how many rows each statement changed", function()
    assert.same({ 1, 1, 2 }, write(insert("a", 1), insert("b", 2),
      { sql = "UPDATE shop_items SET n = 0" }).changes)
  end)

  it("does all of a batch or nothing, by what is expected", function()
    local none = { sql = "SELECT id FROM shop_items WHERE id = 'a'", expect = "none" }
    assert.is_nil(write(none, insert("a", 1)).err)
    local err = write(insert("b", 2), none, insert("c", 3)).err
    assert.equal("guard", err.type)
    assert.equal(2, err.at)
    assert.same({ { id = "a" } }, err.rows)
    assert.equal("a", ids())
    local one = { sql = "UPDATE shop_items SET n = 9 WHERE id = 'z'", expect = "one" }
    assert.equal("guard", write(insert("b", 2), one).err.type)
    local some = { sql = "UPDATE shop_items SET n = 9", expect = "some" }
    assert.is_nil(write(some, insert("b", 2)).err)
    assert.equal("a b", ids())
  end)

  it("tells a taken key from other failures, and undoes the batch", function()
    write(insert("a", 1))
    local err = write(insert("b", 1), insert("a", 2)).err
    assert.equal("constraint", err.type)
    assert.equal(2, err.at)
    assert.equal("a", ids())
  end)

  it("shows a client a conflict where a guard failed", function()
    local _, err = client:call("shop.refuse", {})
    assert.equal("conflict", err.type)
  end)

  it("reads several statements from one snapshot", function()
    write(insert("a", 1))
    local got = call("read", {
      one = "SELECT count(*) AS n FROM shop_items",
      two = "SELECT n FROM shop_items WHERE id = 'a'",
    })
    assert.same({ n = 1 }, got.first)
    assert.same({ n = 1 }, got.second)
  end)

  it("keeps bytes as they are", function()
    assert.is_true(call("bytes", {}).same)
  end)

  it("raises for an argument that the statement does not name; a missing one is NULL", function()
    local raised = query("SELECT :a AS a", { b = 1 }).raised
    assert.is_truthy(raised and raised:find("does not name"), raised)
    assert.same({ {} }, query("SELECT :a AS a").rows)
  end)

  it("is confined to its own tables, and may read what it was granted", function()
    for _, sql in ipairs {
      "SELECT * FROM chat_entries", "SELECT * FROM users_logins", "SELECT * FROM sqlite_master",
      "ATTACH ':memory:' AS other", "PRAGMA writable_schema = 1", "CREATE TABLE shop_more (a)",
      "DROP TABLE shop_items", "SELECT load_extension('x')", "BEGIN", "COMMIT", "VACUUM",
    } do
      local got = query(sql)
      assert.is_truthy(got.raised or got.err, sql)
    end
    assert.equal("ann", query("SELECT username FROM users_users").rows[1].username)
    local got = write { sql = "UPDATE users_users SET username = 'eve'" }
    assert.is_truthy(got.raised or got.err)
    assert.equal("ann", query("SELECT username FROM users_users").rows[1].username)
    assert.equal("", ids())
  end)

  it("can't be kept busy for ever", function()
    local got = query([[WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
      SELECT count(*) AS n FROM n]])
    assert.is_truthy(got.err or got.raised)
    assert.same({ { n = 0 } }, query("SELECT count(*) AS n FROM shop_items").rows)
  end)

  it("has a clock and a revision that grows", function()
    local first = query("SELECT mesh_now() AS now, mesh_rev() AS rev").rows[1]
    assert.is_true(math.abs(first.now - 1700000000000) < 1000)
    write(insert("a", 1))
    assert.is_true(query("SELECT mesh_rev() AS rev").rows[1].rev > first.rev)
  end)

  it("is absent where it was not granted", function()
    assert.is_false(client:call("nodb.has", {}).db)
    assert.is_false(call("has", {}).kv)
  end)

  it("gets new tables by a migration at a reload, and keeps what was there", function()
    write(insert("a", 1))
    local path = shop(folder)
    make.write(path .. "/migrations/0002_more.sql", "CREATE TABLE shop_more (id TEXT) STRICT;")
    assert(host:reload("shop"))
    assert.same({}, query("SELECT * FROM shop_more").rows)
    assert.equal("a", ids())
  end)

  it("leaves everything as it was when a migration fails", function()
    write(insert("a", 1))
    local path = shop(folder, [[ serve("shop.new", function() end) ]])
    make.write(path .. "/migrations/0002_bad.sql",
      "CREATE TABLE shop_more (id TEXT) STRICT; INSERT INTO nowhere VALUES (1);")
    local ok, why = host:reload("shop")
    assert.is_nil(ok)
    assert.is_truthy(why:find("0002_bad", 1, true), why)
    assert.equal("a", ids())
    local got = query("SELECT * FROM shop_more")
    assert.is_truthy(got.raised or got.err)
  end)

  it("refuses a migration that was changed after it ran", function()
    local path = shop(folder)
    make.write(path .. "/migrations/0001_start.sql", "CREATE TABLE shop_items (id TEXT) STRICT;")
    local ok, why = host:reload("shop")
    assert.is_nil(ok)
    assert.is_truthy(why:find("0001_start", 1, true), why)
    assert.equal("", ids())
  end)
end)
