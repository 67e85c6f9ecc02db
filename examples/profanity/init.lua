-- profanity: has a say in another plugin's business. The chat plugin asks those
-- who hook into chat.send before a message is written, and those who hook into
-- chat.edit before one is changed.
local rules = require "rules"

local profanity = {}

local words, refused_total

local function on_text(_, event)
  if event.type ~= "text" then
    return nil -- what is encrypted or of another kind can't be read
  end
  local ok, reason = rules.check(event.content.text, words)
  if not ok then
    refused_total:add(1)
    return nil, reason
  end
  return nil
end

function profanity.start(mesh)
  words = rules.set_of(mesh.config.words)
  refused_total = mesh.metrics.counter("refused_total", "Messages refused.")
  mesh.hook("chat.send", { stage = "validate" }, on_text)
  mesh.hook("chat.edit", { stage = "validate" }, on_text)
end

return profanity
