-- Tells a story to a host: each line is one sentence, and the first one that
-- turns out false ends it. README.md beside this file has the language.
local harness = require "harness"
local values = require "values"

local story = {}

local HOST = { workers = 2 } -- so that events cross from one to the other
local WITH_IDENTITY = {
  ["chat.send"] = true,
  ["chat.edit"] = true,
  ["chat.delete"] = true,
  ["chat.react"] = true,
}

local function fail(...)
  error(string.format(...), 0)
end

-- ---- people ----

local function person(tale, name)
  local one = tale.people[name]
  if not one then
    fail("nobody called %s has connected", name)
  end
  return one
end

-- A connection takes its place under the name; earlier ones are remembered by the host alone.
local function become(tale, name, client)
  client.name = name
  tale.people[name] = client
  tale.last[name] = nil
end

local function remember(tale, name, login, session)
  local known = { userId = login.userId, deviceId = login.deviceId }
  for key, value in pairs(login) do
    known[key] = value
  end
  for key, value in pairs(session or {}) do
    known[key] = value
  end
  tale.names[name] = known
end

-- "ann's phone" is another login of ann, on a device of its own.
local function connect(tale, name)
  local owner, device = name:match("^(%w+)'s (%w+)$")
  local client = tale.host:user(owner or name, device and { name = device } or nil)
  become(tale, name, client)
  remember(tale, name, client.login, client.session)
end

local function connect_guest(tale, name, token)
  local client, status = tale.host:connect(token)
  if not client then
    fail("%s was refused with HTTP status %s", name, status)
  end
  become(tale, name, client)
end

local function be_refused(tale, name, status, token)
  local client, got = tale.host:connect(values.read_text(tale, token))
  if client then
    fail("%s was let in", name)
  elseif tostring(got) ~= status then
    fail("expected: HTTP status %s\ngot:      %s", status, got)
  end
end

local function reconnect(tale, name)
  local login = tale.names[name]
  local client = assert(tale.host:connect())
  local session, err = client:call("session.open", { token = login.accessToken })
  if not session then
    fail("%s can't come back: %s", name, err.message)
  end
  become(tale, name, client)
  remember(tale, name, login, session)
end

-- ---- calls ----

local function identity(tale)
  tale.sends = tale.sends + 1
  return ("c%d"):format(tale.sends)
end

-- The answer is held until the next sentence: only `gets error` may want a refusal.
local function call(tale, name, method, params, alias)
  if WITH_IDENTITY[method] and params.clientMsgId == nil then
    params.clientMsgId = identity(tale)
  end
  local result, err = person(tale, name):call(method, params)
  tale.last[name] = { result = result, err = err, method = method, before = tale.last[name] }
  if alias then
    tale.names[alias] = result
  end
end

local function say(tale, name, text, where, alias)
  local params = { type = "text", content = { text = text } }
  local other = where:match("^to (.+)$")
  if other then
    params.receiverId = values.read_text(tale, "${" .. other .. "}")
  else
    params.chatId = values.read_text(tale, (where:gsub("^in ", "")))
  end
  call(tale, name, "chat.send", params, alias)
end

local function answer_of(tale, name)
  local last = tale.last[name]
  if not last then
    fail("%s has not sent a call", name)
  end
  return last
end

local function show_error(err)
  local data = err.data and " " .. values.show(err.data) or ""
  return ("error %s%s: %s"):format(err.type, data, err.message)
end

local function get_ok(tale, name, wanted, is_exact)
  local last = answer_of(tale, name)
  if last.err then
    fail("expected: ok\ngot:      %s", show_error(last.err))
  elseif wanted and not values.like(wanted, last.result, is_exact) then
    fail("expected: %s\ngot:      %s", values.show(wanted), values.show(last.result))
  end
end

local function get_error(tale, name, kind, wanted)
  local last = answer_of(tale, name)
  last.is_heard = true
  if not last.err then
    fail("expected: error %s\ngot:      ok %s", kind, values.show(last.result))
  elseif last.err.type ~= kind or (wanted and not values.like(wanted, last.err.data)) then
    fail("expected: error %s %s\ngot:      %s", kind, wanted and values.show(wanted) or "",
      show_error(last.err))
  end
end

-- The answer is, in all its members, the one to the call before.
local function get_the_same(tale, name)
  local last = answer_of(tale, name)
  local before = last.before or fail("%s has sent one call only", name)
  last.is_heard = true
  local wanted, got = before.err or before.result, last.err or last.result
  if not values.like(wanted, got, true) then
    fail("expected: %s\ngot:      %s", values.show(wanted), values.show(got))
  end
end

-- A refusal that no sentence asked for.
local function check_unheard(tale)
  for _, last in pairs(tale.last) do
    if last.err and not last.is_heard then
      tale.line = last.line
      fail("%s was refused: %s", last.method, show_error(last.err))
    end
  end
end

-- ---- events ----

local function waiting(client)
  client:receive()
  local lines = {}
  for i, message in ipairs(client.inbox) do
    lines[i] = message.method .. " " .. values.show(message.params)
  end
  return #lines > 0 and table.concat(lines, "\n          ") or "nothing"
end

local function get_event(tale, name, event, wanted, is_exact, alias)
  local client = person(tale, name)
  local all = waiting(client)
  local params = client:find(event)
  if not params then
    fail("expected: %s\ngot:      %s", event, all)
  elseif wanted and not values.like(wanted, params, is_exact) then
    fail("expected: %s %s\ngot:      %s", event, values.show(wanted), all)
  end
  if alias then
    tale.names[alias] = params
  end
end

local function get_nothing(tale, name, event)
  local client = person(tale, name)
  local all = waiting(client)
  for _, message in ipairs(client.inbox) do
    if not event or message.method == event then
      fail("expected: nothing\ngot:      %s", all)
    end
  end
end

local function be_closed(tale, name, code)
  local got = person(tale, name):closed()
  if tostring(got or "open") ~= code then
    fail("expected: %s\ngot:      %s", code, got or "open")
  end
end

-- ---- sentences ----

local function optional_json(tale, text)
  return text ~= "" and values.read(tale, text) or nil
end

local function split_alias(rest)
  local before, alias = rest:match("^(.-) as (%w+)$")
  if before then
    return before, alias
  end
  return rest, nil
end

local function on_sends(tale, name, rest)
  local body, alias = split_alias(rest)
  local method, params = body:match("^(%S+)%s*(.*)$")
  call(tale, name, method, optional_json(tale, params) or {}, alias)
end

local function on_notifies(tale, name, rest)
  local method, params = rest:match("^(%S+)%s*(.*)$")
  person(tale, name):notify(method, optional_json(tale, params) or {})
end

local function on_says(tale, name, rest)
  local body, alias = split_alias(rest)
  local text, where = body:match('^(".*") (%l+ .+)$')
  if not text or not (where:find("^to ") or where:find("^in ")) then
    fail('like this: ann says "hi" to bob; ann says "hi" in ${chat.chatId}')
  end
  say(tale, name, values.read(tale, text), where, alias)
end

local function on_gets(tale, name, rest)
  local body, alias = split_alias(rest)
  local what, more = body:match("^(%S+)%s*(.*)$")
  if what == "nothing" then
    return get_nothing(tale, name, more ~= "" and more or nil)
  elseif body == "the same" then
    return get_the_same(tale, name)
  elseif what == "error" then
    local kind, data = more:match("^(%S+)%s*(.*)$")
    return get_error(tale, name, kind, optional_json(tale, data))
  end
  local exact = more:match("^exactly%s+(.*)$")
  local wanted = optional_json(tale, exact or more)
  if what == "ok" then
    return get_ok(tale, name, wanted, exact ~= nil)
  end
  get_event(tale, name, what, wanted, exact ~= nil, alias)
end

local function on_connects(tale, name, rest)
  if rest == "" then
    connect(tale, name)
  elseif rest == "without login" then
    connect_guest(tale, name)
  else
    local token = rest:match("^with (.+)$") or fail("connects how? without login, with TOKEN")
    connect_guest(tale, name, values.read_text(tale, token))
  end
end

local function on_is(tale, name, rest)
  local status, token = rest:match("^refused (%d+) with (.+)$")
  if status then
    return be_refused(tale, name, status, token)
  end
  be_closed(tale, name, rest:match("^closed (%d+)$") or rest:match("^(open)$")
    or fail("is what? closed CODE, open, refused STATUS with TOKEN"))
end

local function on_drops(tale, name)
  person(tale, name):drop()
end

local function on_reconnects(tale, name)
  reconnect(tale, name)
end

local function on_forgets(tale, name)
  person(tale, name):forget()
end

local VERBS = {
  connects = on_connects,
  sends = on_sends,
  notifies = on_notifies,
  says = on_says,
  gets = on_gets,
  is = on_is,
  drops = on_drops,
  reconnects = on_reconnects,
  forgets = on_forgets,
}

-- Several people do what one does; grammar asks for it.
local PLURALS = { connect = "connects", send = "sends", get = "gets", are = "is", drop = "drops" }
PLURALS.reconnect, PLURALS.forget, PLURALS.notify = "reconnects", "forgets", "notifies"

local function split_names(text)
  local names = {}
  for name in (text .. ","):gmatch("%s*(.-)%s*,") do
    if not name:find("^%w+$") and not name:find("^%w+'s %w+$") then
      return nil
    end
    names[#names + 1] = name
  end
  return names
end

-- "ann's phone, bob get x {...}" -> {"ann's phone", "bob"}, the verb and the rest.
local function parse_sentence(line)
  for start, verb, after in line:gmatch("()%f[%w](%l+)()") do
    local act = VERBS[verb] or VERBS[PLURALS[verb]]
    local names = act and start > 1 and split_names(line:sub(1, start - 1):gsub("%s+$", ""))
    if names then
      return names, act, (line:sub(after):gsub("^%s+", ""))
    end
  end
  fail("nobody does anything here that is in tests/stories/README.md: %s", line)
end

local function on_clock(tale, seconds)
  tale.host:advance(tonumber(seconds))
end

local function on_reload(tale, plugin)
  local ok, why = tale.host:reload(plugin)
  if not ok then
    fail("%s does not reload: %s", plugin, why)
  end
end

local function on_command(tale, rest)
  local name, text = rest:match("^([%l ]-)%s+({.*})$")
  if not name then
    fail("like this: operator runs COMMAND {...}")
  end
  local ok, why = tale.host:command(name, values.read(tale, text))
  if not ok then
    fail("%s: %s", name, why)
  end
end

local function on_let(tale, rest)
  local name, text = rest:match("^(%w+) be (.+)$")
  tale.names[name or fail("like this: let NAME be JSON")] = values.read(tale, text)
end

local function start_host(tale, options)
  local host = harness.start(options)
  local advance = host.advance
  -- Waiting for answers moves the clock, too.
  function host:advance(seconds)
    tale.passed_ms = tale.passed_ms + math.floor(seconds * 1000)
    return advance(self, seconds)
  end
  tale.host = host
end

local SCENES = {
  { "^clock%s+%+([%d.]+)s$", on_clock },
  { "^reload%s+(%w+)$", on_reload },
  { "^let%s+(.+)$", on_let },
  { "^operator runs%s+(.+)$", on_command },
}

local function run_line(tale, line)
  local times, repeated = line:match("^(%d+) times%s+(.+)$")
  if times then
    for _ = 1, tonumber(times) do
      run_line(tale, repeated)
    end
    return
  end
  for _, scene in ipairs(SCENES) do
    local rest = line:match(scene[1])
    if rest then
      check_unheard(tale)
      return scene[2](tale, rest)
    end
  end
  local names, act, rest = parse_sentence(line)
  if act ~= on_gets then
    check_unheard(tale)
  end
  for _, name in ipairs(names) do
    act(tale, name, rest)
    local last = tale.last[name]
    if last and not last.line then
      last.line = tale.line
    end
  end
  if act == on_gets then
    check_unheard(tale)
  end
end

-- Lines that are sentences, as {number, text}; and the title and the host's options.
local function read_lines(text)
  local title, options, lines, number = nil, HOST, {}, 0
  for line in (text .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    line = line:gsub("^%s+", ""):gsub("%s+$", "")
    local comment = line:match("^#%s*(.*)$")
    local host = line:match("^host%s+(%b{})$")
    if comment then
      title = title or comment
    elseif host then
      options = harness.decode(host)
      options.workers = options.workers or HOST.workers
    elseif line ~= "" then
      lines[#lines + 1] = { number = number, text = line }
    end
  end
  return title, options, lines
end

-- true and the title; or nil, the title, and what turned out false in which line.
function story.tell(text)
  local title, options, lines = read_lines(text)
  local tale = { people = {}, names = {}, last = {}, sends = 0, passed_ms = 0, line = 0 }
  local ok, why = pcall(function()
    if not title or title == "" then
      fail("a story begins with # and a sentence that could be false")
    end
    start_host(tale, options)
    for _, line in ipairs(lines) do
      tale.line = line.number
      run_line(tale, line.text)
    end
    check_unheard(tale)
  end)
  if tale.host then
    tale.host:stop()
  end
  if ok then
    return true, title
  end
  return nil, title or "", { line = tale.line, message = tostring(why) }
end

return story
