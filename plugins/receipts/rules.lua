-- Whom a mark is told to, and what of it.
local rules = {}

-- Splits the others of a chat: who sees how far one has read, and who hides
-- reads themselves and so gets none.
function rules.split(others)
  local seeing, hiding = {}, {}
  for _, other in ipairs(others) do
    local list = other.sees and seeing or hiding
    list[#list + 1] = other.userId
  end
  return seeing, hiding
end

-- A mark as somebody is told it: read is real, shown, or 0.
function rules.update_of(chat, user, mark, read)
  return { chatId = chat, userId = user, delivered = mark.delivered, read = read }
end

return rules
