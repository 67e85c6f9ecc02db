-- Values in stories: JSON in which "${m1.seq}" stands for what was seen before,
-- and the ways two values are alike.
local harness = require "harness"
local otp = require "otp"

local values = {}

local START_MS = 1700000000000 -- the wall clock of a simulation when it starts

local ANY, NONE = {}, {} -- what "${any}" and "${none}" become

local function is_list(v)
  return type(v) == "table" and getmetatable(v) == false
end

-- "a.b.0.c": the first step is a name, the others are members or, as digits,
-- places in a list from 0.
local function walk(names, path)
  local root, rest = path:match("^([^.]+)(.*)$")
  local value = names[root]
  if value == nil then
    error(("nobody said what ${%s} is"):format(root), 0)
  end
  for step in rest:gmatch("%.([^.]+)") do
    local key = is_list(value) and tonumber(step) and tonumber(step) + 1 or step
    if type(value) ~= "table" or value[key] == nil then
      error(("${%s}: there is no %s in it"):format(path, step), 0)
    end
    value = value[key]
  end
  return value
end

-- What depends on the clock: a time, or the code that an authenticator app shows.
local function resolve_by_time(story, text)
  local now = START_MS + story.passed_ms
  local ahead = text == "now" and 0 or tonumber(text:match("^now([+-]%d+)s$"))
  if ahead then
    return now + ahead * 1000
  end
  local secret = text:match("^code of (.+)$")
  return secret and otp.code(walk(story.names, secret), now)
end

-- What stands between the braces.
local function resolve(story, text)
  local by_time = resolve_by_time(story, text)
  if by_time then
    return by_time
  end
  local length = text:match("^(%d+) letters$")
  if length then
    return ("x"):rep(tonumber(length))
  end
  if text == "any" then
    return ANY
  elseif text == "none" then
    return NONE
  end
  local value = walk(story.names, text)
  -- A person alone is their user id.
  return type(value) == "table" and story.people[text] and value.userId or value
end

local function fill_text(story, text)
  local whole = text:match("^%${([^}]*)}$")
  if whole then
    return resolve(story, whole)
  end
  return (text:gsub("%${([^}]*)}", function(part)
    return tostring(resolve(story, part))
  end))
end

local function fill(story, value)
  if type(value) == "string" then
    return fill_text(story, value)
  elseif type(value) ~= "table" then
    return value
  end
  for key, member in pairs(value) do
    value[key] = fill(story, member)
  end
  return value
end

-- The value of a JSON text with its ${...} filled in.
function values.read(story, text)
  local value = harness.decode(text)
  if value == nil then
    error("this is not JSON: " .. text, 0)
  end
  return fill(story, value)
end

function values.read_text(story, text)
  return fill_text(story, text)
end

local function list_like(wanted, got, is_exact)
  if not is_list(got) or #wanted ~= #got then
    return false
  end
  for i = 1, #wanted do
    if not values.like(wanted[i], got[i], is_exact) then
      return false
    end
  end
  return true
end

local function has_no_more(wanted, got)
  for key in pairs(got) do
    if wanted[key] == nil then
      return false
    end
  end
  return true
end

-- Objects may have more members than wanted, unless is_exact; lists may not.
function values.like(wanted, got, is_exact)
  if wanted == ANY or wanted == NONE then
    return (got ~= nil) == (wanted == ANY)
  elseif type(wanted) ~= "table" then
    return wanted == got
  elseif is_list(wanted) then
    return list_like(wanted, got, is_exact)
  elseif type(got) ~= "table" or is_list(got) then
    return false
  end
  for key, value in pairs(wanted) do
    if not values.like(value, got[key], is_exact) then
      return false
    end
  end
  return not is_exact or has_no_more(wanted, got)
end

-- JSON for people who read a failure.
function values.show(value)
  if value == nil then
    return "nothing"
  elseif value == ANY then
    return '"${any}"'
  elseif value == NONE then
    return '"${none}"'
  elseif type(value) ~= "table" then
    return harness.encode(value)
  end
  local parts = {}
  if is_list(value) then
    for i, item in ipairs(value) do
      parts[i] = values.show(item)
    end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  for key, member in pairs(value) do
    parts[#parts + 1] = harness.encode(key) .. ": " .. values.show(member)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

return values
