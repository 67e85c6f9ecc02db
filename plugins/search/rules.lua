-- What the search plugin decides, as functions without side effects.
local rules = {}

rules.QUERY_BYTES_MAX = 256
rules.TERMS_MAX = 16
rules.PAGE_DEFAULT = 20
rules.PAGE_MAX = 100
rules.CHATS_MAX = 200 -- chats that a search names; who is in more asks about all
rules.SCAN_MAX = 5000 -- matches that one call looks at

-- Around words that were found, and so taken out of what is indexed.
rules.MARK_ON = "\2"
rules.MARK_OFF = "\3"

-- Signs alone make no word; bytes above 127 may be of one.
local function has_word(text)
  return text:find("[%w\128-\255]") ~= nil
end

-- The parts of what a person typed: {text, prefix} each. "a b" is a phrase, and
-- a star at the end of a word or a phrase asks for all that begins so.
function rules.terms(query)
  local terms, at = {}, 1
  while at <= #query do
    local start = query:find("%S", at)
    if not start then
      break
    end
    local text, stop
    if query:sub(start, start) == '"' then
      text, stop = query:match('^"([^"]*)"?()', start)
    else
      text, stop = query:match('^([^%s"*]*)()', start)
    end
    local stars = query:match("^%*+", stop)
    at = stop + #(stars or "")
    if has_word(text) then
      terms[#terms + 1] = { text = text, prefix = stars ~= nil }
    end
  end
  return terms
end

-- A string of the index's query language; it has no other special sign.
local function quoted(text)
  return '"' .. text:gsub('"', '""') .. '"'
end

-- The condition on the body; nil and what is wrong when there is no word in it.
function rules.match_body(query)
  local terms = rules.terms(query)
  if #terms == 0 then
    return nil, "invalid_params", "expected at least one word"
  elseif #terms > rules.TERMS_MAX then
    return nil, "too_large", "too many words"
  end
  local parts = {}
  for i, term in ipairs(terms) do
    parts[i] = quoted(term.text) .. (term.prefix and " *" or "")
  end
  return "body : (" .. table.concat(parts, " AND ") .. ")"
end

-- The word of a chat in the index; the migration's SQL makes the same.
function rules.chat_word(chat)
  return "c" .. chat:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end)
end

-- The condition with the chats it is about, nil for all.
function rules.match(body, chats)
  if not chats then
    return body
  end
  local words = {}
  for i, chat in ipairs(chats) do
    words[i] = '"' .. rules.chat_word(chat) .. '"'
  end
  return body .. " AND chat : (" .. table.concat(words, " OR ") .. ")"
end

-- A marked text as a list of {text, hit}, so that no client has to look for
-- marks, or for markup, in what people wrote.
function rules.parts(marked)
  local parts, at = {}, 1
  while at <= #marked do
    local on = marked:find(rules.MARK_ON, at, true)
    local before = marked:sub(at, (on or 0) - 1)
    if before ~= "" then
      parts[#parts + 1] = { text = before, hit = false }
    end
    if not on then
      break
    end
    local off = marked:find(rules.MARK_OFF, on, true) or #marked + 1
    parts[#parts + 1] = { text = marked:sub(on + 1, off - 1), hit = true }
    at = off + 1
  end
  return parts
end

return rules
