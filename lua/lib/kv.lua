-- mesh.kv: keys and values of one plugin in a table of its own, <plugin>_kv, which
-- the host makes. A version is the revision of the write that made it: it only
-- grows, so a key that was deleted and set again never has an old version.
local KEY_BYTES_MAX = 512
local VALUE_BYTES_MAX = 262144 -- as JSON
local TTL_S_MAX = 10 * 366 * 86400
local LIST_DEFAULT = 100
local LIST_MAX = 1000
-- Each set with a ttl leaves a row that will expire; taking two with it keeps the table small.
local SWEEP_ROWS = 2

local ALIVE = "(expires_at IS NULL OR expires_at > mesh_now())"

-- $kv is the table's name.
local SQL = {
  get = "SELECT value, version FROM $kv WHERE key = :key AND " .. ALIVE,
  set = "INSERT INTO $kv VALUES(:key, :value, mesh_rev(), mesh_now() + :ttl)"
    .. " ON CONFLICT(key) DO UPDATE SET value = excluded.value, version = excluded.version,"
    .. " expires_at = excluded.expires_at RETURNING version",
  add = "INSERT INTO $kv VALUES(:key, :value, mesh_rev(), mesh_now() + :ttl)"
    .. " ON CONFLICT(key) DO UPDATE SET value = excluded.value, version = excluded.version,"
    .. " expires_at = excluded.expires_at WHERE $kv.expires_at <= mesh_now() RETURNING version",
  change = "UPDATE $kv SET value = :value, version = mesh_rev(), expires_at = mesh_now() + :ttl"
    .. " WHERE key = :key AND version = :version AND " .. ALIVE .. " RETURNING version",
  delete = "DELETE FROM $kv WHERE key = :key AND " .. ALIVE,
  sweep = "DELETE FROM $kv WHERE key IN (SELECT key FROM $kv"
    .. " WHERE expires_at <= mesh_now() LIMIT " .. SWEEP_ROWS .. ")",
  list_from = "SELECT key, value, version FROM $kv WHERE key >= :from AND key > :after AND "
    .. ALIVE .. " ORDER BY key LIMIT :limit",
  list = "SELECT key, value, version FROM $kv WHERE key >= :from AND key > :after"
    .. " AND key < :stop AND " .. ALIVE .. " ORDER BY key LIMIT :limit",
}

-- Called by the checks that the functions call, so that level 4 is the author's line.
local function fail(name, expected)
  error(("mesh.kv.%s: %s expected"):format(name, expected), 4)
end

local function check_key(name, key)
  if type(key) ~= "string" or key == "" or #key > KEY_BYTES_MAX or not utf8.len(key)
    or key:find("\0", 1, true) then
    fail(name, ("a key of 1 to %d bytes of UTF-8"):format(KEY_BYTES_MAX))
  end
end

local function check_options(name, options, known)
  if options ~= nil and type(options) ~= "table" then
    fail(name, "a table of options")
  end
  for key in pairs(options or {}) do
    if not known[key] then
      fail(name, ("no option %s"):format(tostring(key)))
    end
  end
end

local function check_set(value, options)
  local ttl, version = options.ttl, options.version
  if value == nil then
    fail("set", "a value (mesh.kv.delete removes a key)")
  elseif ttl ~= nil and not (type(ttl) == "number" and ttl > 0 and ttl <= TTL_S_MAX) then
    fail("set", ("ttl: seconds above 0, up to %d,"):format(TTL_S_MAX))
  elseif version ~= nil and not (math.type(version) == "integer" and version >= 0) then
    fail("set", "version: an integer from 0 on")
  end
end

local function check_list(prefix, options)
  local limit, after = options.limit, options.after
  if type(prefix) ~= "string" or #prefix > KEY_BYTES_MAX or not utf8.len(prefix) then
    fail("list", ("a prefix of at most %d bytes of UTF-8"):format(KEY_BYTES_MAX))
  elseif limit ~= nil and not (math.type(limit) == "integer" and limit >= 1
    and limit <= LIST_MAX) then
    fail("list", ("limit: 1 to %d"):format(LIST_MAX))
  elseif after ~= nil and type(after) ~= "string" then
    fail("list", "after: a key")
  end
end

-- The first text after all that start with the prefix; UTF-8 never ends in the byte 255.
local function stop_of(prefix)
  return prefix:sub(1, -2) .. string.char(prefix:byte(-1) + 1)
end

local function sql_for(plugin)
  local sql = {}
  for name, text in pairs(SQL) do
    sql[name] = text:gsub("%$kv", plugin .. "_kv")
  end
  return sql
end

-- The statements of one set, and whether the first gives no row when another was faster.
local function plan_set(sql, args, options)
  local text = sql.set
  if options.version == 0 then
    text = sql.add
  elseif options.version then
    text, args.version = sql.change, options.version
  end
  local batch = { { text, args, expect = "one" } }
  if options.ttl then
    args.ttl = math.max(1, math.floor(options.ttl * 1000))
    batch[2] = { sql.sweep }
  end
  return batch
end

return function(mesh)
  -- Kept here: a plugin that was granted kv only has no mesh.db afterwards.
  local db, json, new_error = mesh.db, mesh.json, mesh.error
  local sql = sql_for(mesh.plugin)
  local kv = {}

  function kv.get(key)
    check_key("get", key)
    local row, err = db.first(sql.get, { key = key })
    if not row then
      return nil, err
    end
    return json.decode(row.value), row.version
  end

  function kv.set(key, value, options)
    check_key("set", key)
    check_options("set", options, { ttl = true, version = true })
    options = options or {}
    check_set(value, options)
    local text = json.encode(value)
    if #text > VALUE_BYTES_MAX then
      return nil, new_error("too_large", "a value has at most " .. VALUE_BYTES_MAX .. " bytes")
    end
    local results, err = db.write(plan_set(sql, { key = key, value = text }, options))
    if results then
      return results[1][1].version
    elseif err.type == "guard" then
      return nil, new_error("conflict", "the key has another version")
    end
    return nil, err
  end

  function kv.delete(key)
    check_key("delete", key)
    local results, err = db.write { { sql.delete, { key = key } } }
    if not results then
      return nil, err
    end
    return results[1].changes > 0
  end

  function kv.list(prefix, options)
    prefix = prefix or ""
    check_options("list", options, { limit = true, after = true })
    options = options or {}
    check_list(prefix, options)
    local args = { from = prefix, after = options.after or "" }
    args.limit = options.limit or LIST_DEFAULT
    local text = sql.list_from
    if prefix ~= "" then
      text, args.stop = sql.list, stop_of(prefix)
    end
    local rows, err = db.query(text, args)
    if not rows then
      return nil, err
    end
    for _, row in ipairs(rows) do
      row.value = json.decode(row.value)
    end
    return rows
  end

  return kv
end
