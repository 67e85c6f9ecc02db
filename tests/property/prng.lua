-- Random numbers that are the same on every machine: splitmix64.
local prng = {}
prng.__index = prng

function prng.new(seed)
  return setmetatable({ state = seed }, prng)
end

function prng:next()
  self.state = self.state + 0x9E3779B97F4A7C15
  local z = self.state
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return (z ~ (z >> 31)) >> 1
end

-- 1 to n.
function prng:below(n)
  return self:next() % n + 1
end

function prng:one_in(n)
  return self:next() % n == 0
end

-- One of a list, nil when it is empty.
function prng:pick(list)
  return #list > 0 and list[self:below(#list)] or nil
end

-- A name of a list of {name, weight}.
function prng:weighted(list, total)
  local at = self:below(total)
  for _, item in ipairs(list) do
    at = at - item[2]
    if at <= 0 then
      return item[1]
    end
  end
end

return prng
