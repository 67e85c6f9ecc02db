-- mesh.schema: short words for the JSON Schemas of methods, events, exports and
-- routes. Each helper returns a new plain table; host/base/schema.h says what the
-- keywords mean. Errors blame the line that called the helper.

-- What may be said about every value.
local NOTES = {
  description = "string",
  title = "string",
  default = "any",
  examples = "table",
  deprecated = "boolean",
  readOnly = "boolean",
}
local STRING = {
  minBytes = "size",
  maxBytes = "size",
  limitBytes = "size",
  minLength = "size",
  maxLength = "size",
  format = "string",
  prefix = "string",
}
local NUMBER = { minimum = "number", maximum = "number" }
local BYTES = { minBytes = "size", maxBytes = "size" }
local ARRAY = { minItems = "size", maxItems = "size" }
local MAP = { minProperties = "size", maxProperties = "size" }
local NONE = {}

-- Options whose keyword has another name.
local KEYWORDS = {
  minBytes = "x-minBytes",
  maxBytes = "x-maxBytes",
  limitBytes = "x-limitBytes",
  prefix = "x-prefix",
}

local function is_a(value, kind)
  if kind == "any" then
    return true
  elseif kind == "size" then
    return math.type(value) == "integer" and value >= 0
  end
  return type(value) == kind
end

local function names_of(...)
  local names = {}
  for _, known in ipairs { ... } do
    for name in pairs(known) do
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return table.concat(names, ", ")
end

-- Called by what the helpers call, so that level 4 is the author's line.
local function fail(helper, expected)
  error(("s.%s: %s expected"):format(helper, expected), 4)
end

local function check(is_good, helper, expected)
  if not is_good then
    fail(helper, expected)
  end
end

local function is_scalar(value)
  return type(value) == "string" or type(value) == "number" or type(value) == "boolean"
end

local function is_name(value)
  return type(value) == "string" and value ~= ""
end

local function what_is(kind)
  return kind == "size" and "an integer from 0 on" or "a " .. kind
end

-- Copies options into the schema, under the names of the keywords. Entries of the
-- list part are skipped: s.enum has both.
local function take(helper, schema, options, known)
  if options ~= nil and type(options) ~= "table" then
    fail(helper, "a table of options")
  end
  for name, value in pairs(options or NONE) do
    if math.type(name) ~= "integer" then
      local kind = known[name] or NOTES[name]
      if not kind then
        fail(helper, ("no option %s; one of %s"):format(tostring(name), names_of(known, NOTES)))
      elseif not is_a(value, kind) then
        fail(helper, ("option %s: %s"):format(name, what_is(kind)))
      end
      schema[KEYWORDS[name] or name] = value
    end
  end
end

-- Adds properties and required from names that may end in "?".
local function add_members(helper, schema, members)
  if type(members) ~= "table" then
    fail(helper, "a table of names and schemas")
  end
  local properties, required = {}, {}
  for name, member in pairs(members) do
    if type(name) ~= "string" then
      fail(helper, "names as keys, like {chatId = s.id()},")
    elseif type(member) ~= "table" then
      fail(helper, ("member %s: a schema"):format(name))
    end
    local plain = name:match("^(.+)%?$")
    properties[plain or name] = member
    if not plain then
      required[#required + 1] = name
    end
  end
  schema.properties = properties
  if #required > 0 then
    table.sort(required) -- so that the documents are the same at each start
    schema.required = required
  end
end

-- Copies a list of scalars; the array mark keeps it a list whatever is in it.
local function scalars(helper, list, array)
  if type(list) ~= "table" or #list == 0 then
    fail(helper, "a list of at least one value")
  end
  local copy, all_strings = array {}, true
  for i, value in ipairs(list) do
    if not is_scalar(value) then
      fail(helper, "strings, numbers or booleans")
    end
    copy[i] = value
    all_strings = all_strings and type(value) == "string"
  end
  return copy, all_strings
end

local function is_variant(schema, name)
  local tag = type(schema) == "table" and type(schema.properties) == "table"
    and schema.properties[name]
  return type(tag) == "table" and (tag.const ~= nil or tag.enum ~= nil or tag["x-prefix"] ~= nil)
end

local function copy_of(schema)
  local copy = {}
  for key, value in pairs(schema) do
    copy[key] = value
  end
  return copy
end

local function add_strings(s)
  function s.string(options)
    local schema = { type = "string" }
    take("string", schema, options, STRING)
    return schema
  end

  -- What people write: limitBytes is the limit that has an error of its own.
  function s.text(options)
    local schema = { type = "string" }
    take("text", schema, options, STRING)
    return schema
  end

  function s.id(options)
    local schema = { type = "string", format = "id" }
    take("id", schema, options, NONE)
    return schema
  end

  -- Bytes as base64url text; minBytes and maxBytes count the bytes, not the text.
  function s.bytes(options)
    local schema = { type = "string", format = "base64url" }
    take("bytes", schema, options, BYTES)
    for _, keyword in ipairs { "x-minBytes", "x-maxBytes" } do
      if schema[keyword] then
        schema[keyword] = (schema[keyword] * 4 + 2) // 3
      end
    end
    return schema
  end

  function s.prefix(text, options)
    check(is_name(text), "prefix", "what the string starts with")
    local schema = { type = "string", ["x-prefix"] = text }
    take("prefix", schema, options, STRING)
    return schema
  end
end

local function add_scalars(s)
  function s.integer(options)
    local schema = { type = "integer" }
    take("integer", schema, options, NUMBER)
    return schema
  end

  function s.number(options)
    local schema = { type = "number" }
    take("number", schema, options, NUMBER)
    return schema
  end

  function s.boolean(options)
    local schema = { type = "boolean" }
    take("boolean", schema, options, NONE)
    return schema
  end

  function s.time(options)
    local schema = { type = "integer", minimum = 0, description = "Milliseconds since 1970, UTC." }
    take("time", schema, options, NONE)
    return schema
  end

  function s.any(options)
    local schema = {}
    take("any", schema, options, NONE)
    return schema
  end
end

local function add_values(s, array, null)
  function s.enum(list, options)
    local values, all_strings = scalars("enum", list, array)
    local schema = { enum = values, type = all_strings and "string" or nil }
    take("enum", schema, list, NONE)
    take("enum", schema, options, NONE)
    return schema
  end

  function s.const(value, options)
    check(is_scalar(value), "const", "a string, a number or a boolean")
    local schema = { const = value }
    take("const", schema, options, NONE)
    return schema
  end

  function s.nullable(schema, options)
    check(type(schema) == "table", "nullable", "a schema")
    check(not schema.oneOf, "nullable", "no union but an optional member")
    local copy = copy_of(schema)
    if copy.type then
      copy.type = type(copy.type) == "table" and { table.unpack(copy.type) } or { copy.type }
      copy.type[#copy.type + 1] = "null"
    end
    if copy.const ~= nil then
      copy.enum, copy.const = { copy.const }, nil
    end
    if copy.enum then
      copy.enum = array { table.unpack(copy.enum) }
      copy.enum[#copy.enum + 1] = null
    end
    take("nullable", copy, options, NONE)
    return copy
  end
end

local function add_containers(s, array)
  function s.object(members, options)
    local schema = { type = "object" }
    add_members("object", schema, members)
    take("object", schema, options, NONE)
    return schema
  end

  -- Keeps members that it does not name.
  function s.open_object(members, options)
    local schema = { type = "object", ["x-open"] = true }
    add_members("open_object", schema, members or NONE)
    take("open_object", schema, options, MAP)
    return schema
  end

  function s.array(item, options)
    check(type(item) == "table", "array", "the schema of the items")
    local schema = { type = "array", items = item }
    take("array", schema, options, ARRAY)
    return schema
  end

  function s.map(value, options)
    check(type(value) == "table", "map", "the schema of the values")
    local schema = { type = "object", additionalProperties = value }
    take("map", schema, options, MAP)
    return schema
  end

  -- The member `name` says which of the variants it is.
  function s.union(name, variants, options)
    check(is_name(name), "union", "the name of the member that tells the variants apart")
    check(type(variants) == "table" and #variants > 0, "union", "a list of s.object variants")
    for i, variant in ipairs(variants) do
      local expected = ("variant %d: an s.object with %s = s.const or s.prefix"):format(i, name)
      check(is_variant(variant, name), "union", expected)
    end
    local schema = {
      type = "object",
      oneOf = array { table.unpack(variants) },
      discriminator = { propertyName = name },
    }
    take("union", schema, options, NONE)
    return schema
  end
end

return function(mesh)
  local s = {}
  add_strings(s)
  add_scalars(s)
  add_values(s, mesh.json.array, mesh.null)
  add_containers(s, mesh.json.array)
  return s
end
