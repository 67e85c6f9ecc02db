-- Runs schedules and tells how they went. Arguments by name, as key=value:
--   first  the first seed (1)        count  how many at least (1000)
--   seconds go on until this long    trace  1: tell each step (of few seeds)
--   alone  1: each on a host of its own
local harness = require "harness"
local judge = require "judge"
local plan = require "plan"
local world = require "world"

local HOST_SCHEDULES = 8 -- schedules that share a host, with people of their own
local SHRINKS_MAX = 400
local FAILURES_MAX = 3
local PROGRESS_EVERY_S = 60

local options = { first = 1, count = 1000, seconds = 0, trace = 0, alone = 0 }
for _, word in ipairs(arg) do
  local name, value = word:match("^(%l+)=(%d+)$")
  assert(options[name or ""], "what is " .. word)
  options[name] = math.tointeger(value)
end

local function say(...)
  print(string.format(...))
  io.flush()
end

-- nil, or what was wrong and the trace.
local function try(host, p, tag)
  local w
  local ok, why = xpcall(function()
    w = world.new(host, p, tag)
    w:start()
    for _, step in ipairs(p.steps) do
      w:step(step)
    end
    judge.all(w)
    w:finish()
  end, function(e)
    return type(e) == "table" and e.message or debug.traceback(tostring(e), 2)
  end)
  if not ok then
    return why, w and w.trace or {}
  end
end

local function workers_of(block)
  return 1 + block % 3
end

local function try_alone(p, workers)
  local host = harness.start { workers = workers }
  local why, trace = try(host, p, "x")
  host:stop()
  return why, trace
end

local function explain(p, workers, why, trace)
  say("# seed %d, %d workers, %d steps: %s", p.seed, workers, #p.steps, why)
  for _, line in ipairs(trace) do
    say("#   %s", line)
  end
end

-- Tells of a failure in as few steps as still show it.
local function report(p, workers, why)
  say("# seed %d failed: %s", p.seed, why)
  local again = try_alone(p, workers)
  if not again then
    say("# alone it passes; it fails after the %d schedules before it", HOST_SCHEDULES)
    return
  end
  local small = plan.shrink(p, function(smaller)
    return try_alone(smaller, workers) ~= nil
  end, SHRINKS_MAX)
  local last, trace = try_alone(small, workers)
  explain(small, workers, last or again, trace or {})
end

local started, told = os.time(), os.time()
local passed, failed = 0, 0

local function is_over(seed)
  return failed >= FAILURES_MAX
    or (seed >= options.first + options.count and os.time() - started >= options.seconds)
end

local function run_seed(host, seed, workers)
  local p = plan.make(seed)
  local why, trace = try(host, p, tostring(seed))
  if options.trace == 1 then
    explain(p, workers, why or "passed", trace or {})
  end
  if not why then
    passed = passed + 1
    return true
  end
  failed = failed + 1
  return nil, p, why
end

-- The schedules of one host; the seed after them.
local function run_block(seed)
  local size = options.alone == 1 and 1 or HOST_SCHEDULES
  local workers = workers_of((seed - 1) // HOST_SCHEDULES)
  local host = harness.start { workers = workers }
  local ok, p, why = true, nil, nil
  for _ = 1, size do
    ok, p, why = run_seed(host, seed, workers)
    seed = seed + 1
    if not ok or is_over(seed) then
      break
    end
  end
  host:stop()
  if not ok then
    report(p, workers, why)
  end
  return seed
end

local seed = options.first
while not is_over(seed) do
  seed = run_block(seed)
  if os.time() - told >= PROGRESS_EVERY_S then
    told = os.time()
    say("# %s %d schedules passed, %d failed, at seed %d", os.date("%H:%M:%S"), passed, failed,
      seed - 1)
  end
end
say("# seeds %d to %d in %d s", options.first, seed - 1, os.time() - started)
say("%d passed, %d failed", passed, failed)
os.exit(failed == 0 and passed > 0)
