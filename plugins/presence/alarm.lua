-- alarm: one timer for everything on this worker that is due at some time.
-- Each part says when it wants to be woken.
local alarm = {}

local STEP_MS = 50 -- what is due within this is done at once

local due_at -- of the timer that is armed
local number = 0 -- its; a timer of another number was overtaken and does nothing
local parts = {}

-- part.due() gives the time of its next work or nil; part.run(mesh, now) does it.
function alarm.add(part)
  parts[#parts + 1] = part
end

function alarm.at(mesh, at)
  if due_at and due_at <= at then
    return
  end
  due_at = at
  number = number + 1
  mesh.timer.after(math.max(at - mesh.now(), STEP_MS) / 1000, "alarm", number)
end

local function arm_next(mesh)
  local earliest
  for _, part in ipairs(parts) do
    local at = part.due()
    if at and (not earliest or at < earliest) then
      earliest = at
    end
  end
  if earliest then
    alarm.at(mesh, earliest)
  end
end

local function on_alarm(mesh, armed)
  if armed ~= number then
    return
  end
  due_at = nil
  local now = mesh.now()
  for _, part in ipairs(parts) do
    part.run(mesh, now)
  end
  arm_next(mesh)
end

function alarm.register(mesh)
  mesh.timer.on("alarm", on_alarm)
end

-- Timers survive a reload; the one of the old code is overtaken by ours.
function alarm.save()
  return number
end

function alarm.restore(saved)
  number = number + saved
end

-- Once all parts have their state back.
alarm.arm = arm_next

return alarm
