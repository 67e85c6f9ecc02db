-- What profanity decides, without doing anything.
local rules = {}

-- A list of words as a set.
function rules.set_of(words)
  local set = {}
  for _, word in ipairs(words) do
    set[word:lower()] = true
  end
  return set
end

-- true, or nil and the reason. Only whole words count: "heckler" is none. Bytes
-- above 127 are parts of letters that are not ASCII.
function rules.check(text, set)
  for word in text:lower():gmatch("[%w\128-\255]+") do
    if set[word] then
      return nil, ("the word %q is not welcome here"):format(word)
    end
  end
  return true
end

return rules
