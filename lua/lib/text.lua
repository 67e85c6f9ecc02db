-- mesh.text: one rule for the texts that people are known by (names, titles, what
-- they say about themselves), so that two that look the same are the same, and none
-- changes how what stands beside it is read.
--
-- Taken out: control characters, controls of the writing direction, invisible and
-- zero-width characters, fillers, tags, noncharacters, and what does not belong to a
-- letter: marks without one, and more than four marks on one. A joiner stays between
-- two characters of a script that needs it or of an emoji. Any white space is a space;
-- a single line has no two in a row and none at its ends. Letters with marks are in
-- Unicode's composed form (NFC) as far as mesh.nfc knows them.
local nfc -- needed by the first text that is not ASCII

local MARKS_MAX = 4
local JOINER, NON_JOINER = 0x200d, 0x200c
local SCRIPTS_FROM = 0x600 -- from here on scripts in which a joiner has a meaning
local SPACE, LINE = 0x20, 0x0a

-- Lists of first and last code points.
local SPACES = {
  { 0x09, 0x09 }, { 0x20, 0x20 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a },
  { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x2800, 0x2800 }, { 0x3000, 0x3000 },
}
local LINES = { { 0x0a, 0x0d }, { 0x85, 0x85 }, { 0x2028, 0x2029 } }
local MARKS = {
  { 0x300, 0x36f }, { 0x483, 0x489 }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
  { 0x20d0, 0x20ff }, { 0x3099, 0x309a }, { 0xfe20, 0xfe2f },
}
local UNSEEN = {
  { 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c },
  { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
  { 0x202a, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xd800, 0xdfff },
  { 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0d }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
  { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
  { 0xe0000, 0xe0fff },
}

local function is_in(list, c)
  for _, range in ipairs(list) do
    if c < range[1] then
      return false
    elseif c <= range[2] then
      return true
    end
  end
  return false
end

local function is_unseen(c)
  return is_in(UNSEEN, c) or (c > 0xffff and c & 0xfffe == 0xfffe)
end

local function is_joiner(c)
  return c == JOINER or c == NON_JOINER
end

local function is_variation(c)
  return c == 0xfe0e or c == 0xfe0f
end

-- What one character becomes: itself, a space, a line's end, or nil.
local function kind_of(c, lines)
  if is_in(LINES, c) then
    return lines and LINE or SPACE
  elseif is_in(SPACES, c) then
    return SPACE
  elseif is_joiner(c) then
    return c
  end
  return not is_unseen(c) and c or nil
end

-- Whether a joiner may stand after what is kept so far and before this.
local function joins(out, c)
  local before = out[#out]
  return before and before >= SCRIPTS_FROM and not is_joiner(before) and c >= SCRIPTS_FROM
    and not is_joiner(c)
end

-- Appends a character that stands behind another, unless there is nothing to stand on.
local function add_mark(out, c, marks)
  local before = out[#out]
  if not before or before == SPACE or before == LINE or marks >= MARKS_MAX then
    return marks
  end
  if is_variation(c) and is_variation(before) then
    return marks
  end
  out[#out + 1] = c
  return is_variation(c) and marks or marks + 1
end

local function add_space(out, c)
  local before = out[#out]
  if c == LINE or not (before == nil or before == SPACE) then
    out[#out + 1] = c
  end
end

-- Appends one character that stays, if it may stand here; gives the marks in a row.
local function add(out, c, marks)
  if is_in(MARKS, c) or is_variation(c) then
    return add_mark(out, c, marks)
  elseif c == SPACE or c == LINE then
    add_space(out, c)
  else
    out[#out + 1] = c
  end
  return 0
end

-- The code points that stay, in order.
local function filter(text, lines)
  local out, marks, joiner = {}, 0, nil
  for _, sent in utf8.codes(text, true) do
    local c = kind_of(sent, lines)
    if c and is_joiner(c) then
      joiner = joiner or c
    elseif c then
      if joiner and joins(out, c) then
        out[#out + 1] = joiner
      end
      joiner = nil
      marks = add(out, c, marks)
    end
  end
  return out
end

local function to_text(list)
  local pieces = {}
  for i, c in ipairs(list) do
    pieces[i] = utf8.char(c)
  end
  return table.concat(pieces)
end

local function trim(text)
  return (text:gsub(" +\n", "\n"):gsub("^[ \n]+", ""):gsub("[ \n]+$", ""))
end

-- clean(text, {lines}) -> text: as the rule above says, "" when nothing is left.
-- lines keeps line ends.
local function clean(text, options)
  if type(text) ~= "string" then
    error("mesh.text.clean: a string expected", 2)
  end
  local lines = options ~= nil and options.lines or false
  -- Plain names are the rule.
  if not text:find("[^!-~ ]") and not text:find("  ", 1, true) then
    return trim(text)
  end
  nfc = nfc or require "mesh.nfc"
  return trim(to_text(nfc.compose(filter(text, lines))))
end

return function()
  return { clean = clean }
end
