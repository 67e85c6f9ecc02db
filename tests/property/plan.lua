-- A schedule: who is there, and a list of steps. Each step has numbers of its
-- own, so that dropping others does not change what it does.
local prng = require "prng"

local plan = {}

local STEPS_MIN, STEPS_MAX = 30, 90
local USERS_MAX, DEVICES_MAX = 4, 3

-- What happens, and how often.
local WEIGHTS = {
  { "send", 20 }, { "forward", 2 }, { "retry", 5 }, { "edit", 8 }, { "delete", 5 },
  { "react", 10 }, { "mark", 10 }, { "pin", 5 }, { "hide", 2 }, { "draft", 2 }, { "mute", 4 },
  { "open", 2 }, { "create", 4 }, { "add", 6 }, { "remove", 4 }, { "ban", 1 }, { "unban", 1 },
  { "leave", 2 }, { "role", 4 }, { "update", 4 }, { "link", 1 }, { "join", 2 }, { "block", 2 },
  { "privacy", 1 }, { "clock", 5 }, { "cut", 5 }, { "connect", 7 }, { "overflow", 2 },
  { "reload", 1 },
}

local total = 0
for _, item in ipairs(WEIGHTS) do
  total = total + item[2]
end

function plan.make(seed)
  local g = prng.new(seed)
  local p = { seed = seed, users = {}, steps = {} }
  for i = 1, 1 + g:below(USERS_MAX - 1) do
    p.users[i] = g:below(DEVICES_MAX)
  end
  -- Some schedules have calls in flight at nearly all times, some hardly any.
  p.haste = g:below(4) - 1
  for i = 1, STEPS_MIN + g:below(STEPS_MAX - STEPS_MIN) do
    p.steps[i] = { name = "s" .. i, act = g:weighted(WEIGHTS, total), seed = g:next() }
  end
  return p
end

-- The same with other steps.
function plan.with(p, steps)
  return { seed = p.seed, users = p.users, haste = p.haste, steps = steps }
end

-- A short list of steps that still makes fails(plan) true: leaves out ever
-- smaller pieces.
function plan.shrink(p, fails, tries_max)
  local tries, size = 0, #p.steps // 2
  while size >= 1 do
    local at = 1
    while at <= #p.steps and tries < tries_max do
      local steps = table.move(p.steps, 1, at - 1, 1, {})
      table.move(p.steps, at + size, #p.steps, at, steps)
      tries = tries + 1
      local smaller = plan.with(p, steps)
      if fails(smaller) then
        p = smaller
      else
        at = at + size
      end
    end
    size = size // 2
  end
  return p
end

return plan
