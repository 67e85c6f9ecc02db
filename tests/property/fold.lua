-- What follows from a log: later entries applied to earlier ones in the order
-- of seq, as the protocol tells a client to. Gives copies and keeps its input.
local fold = {}

local OF_A_BODY = { "content", "mentions", "reactions", "editedAt", "expiresAt", "forwardedFrom" }

local function copy(e)
  local out = {}
  for k, v in pairs(e) do
    out[k] = v
  end
  return out
end

local function strip(m)
  for _, name in ipairs(OF_A_BODY) do
    m[name] = nil
  end
end

local function find(list, name, value)
  for i, item in ipairs(list) do
    if item[name] == value then
      return i
    end
  end
end

local function react(marks, e)
  local all = marks[e.target] or {}
  marks[e.target] = all
  local at = find(all, "emoji", e.emoji)
  if e.on then
    if not at then
      at = #all + 1
      all[at] = { emoji = e.emoji }
    end
    table.insert(all[at], { id = e.senderId, seq = e.seq })
  elseif at then
    local who = find(all[at], "id", e.senderId)
    if who then
      table.remove(all[at], who)
    end
    if #all[at] == 0 then
      table.remove(all, at)
    end
  end
end

-- Emoji stand in the order of who is left of those that set them.
local function reactions_of(all)
  table.sort(all, function(a, b)
    return a[1].seq < b[1].seq
  end)
  local out = {}
  for i, mark in ipairs(all) do
    local ids = {}
    for k, who in ipairs(mark) do
      ids[k] = who.id
    end
    out[i] = { emoji = mark.emoji, userIds = ids }
  end
  return #out > 0 and out or nil
end

local APPLY = {
  edit = function(log, _, e)
    local m = log[e.target]
    if m and not m.deleted and e.content then
      m.content, m.editedAt = e.content, e.sentAt
    end
  end,
  delete = function(log, marks, e, edits)
    local m = log[e.target]
    if m then
      strip(m)
      m.deleted, marks[e.target] = true, nil
    end
    for _, other in ipairs(edits) do
      if other.target == e.target then
        other.content, other.deleted = nil, true
      end
    end
  end,
  reaction = function(log, marks, e)
    local m = log[e.target]
    if m and not m.deleted then
      react(marks, e)
    end
  end,
}

local function hide(log, edits, hidden)
  for seq in pairs(hidden) do
    local m = log[seq]
    if m then
      strip(m)
      m.hidden = true
    end
  end
  for _, e in ipairs(edits) do
    if hidden[e.target] then
      e.content, e.deleted, e.hidden = nil, nil, true
    end
  end
end

-- hidden is the set of seqs that this user hides.
function fold.entries(raw, first, last, hidden)
  local log, marks, edits = {}, {}, {}
  for seq = first, last do
    local e = raw[seq] and copy(raw[seq])
    log[seq] = e
    if e and e.kind == "message" then
      e.reactions, e.editedAt = nil, nil
    elseif e and APPLY[e.kind] then
      if e.kind == "edit" then
        edits[#edits + 1] = e
      end
      APPLY[e.kind](log, marks, e, edits)
    end
  end
  for target, all in pairs(marks) do
    log[target].reactions = reactions_of(all)
  end
  hide(log, edits, hidden)
  return log
end

local COMES = { added = true, joined = true }
local GOES = { removed = true, left = true, banned = true }

function fold.comes(e, user)
  return e.kind == "member" and e.change.userId == user and COMES[e.change.action] == true
end

function fold.goes(e, user)
  return e.kind == "member" and e.change.userId == user and GOES[e.change.action] == true
end

-- Members by id, {role, joinedAt}: a list read at some time, and what came since
-- it. Changes from before that time end where the list has them anyway.
function fold.members(base, raw, first, last)
  local all = {}
  for id, m in pairs(base) do
    all[id] = copy(m)
  end
  for seq = first, last do
    local e = raw[seq]
    local change = e and e.kind == "member" and e.change or {}
    local id = change.userId
    if COMES[change.action] then
      all[id] = { role = "member", joinedAt = e.sentAt }
    elseif GOES[change.action] then
      all[id] = nil
    elseif change.action == "role" and all[id] then
      all[id].role = change.role
    end
  end
  return all
end

-- Changes what a state says of its entries' making by entries after it.
function fold.state(state, raw, last, user)
  local out = copy(state)
  for seq = state.lastSeq + 1, last do
    local e = raw[seq]
    if e then
      out.lastSeq, out.updatedAt = seq, math.max(out.updatedAt, e.sentAt)
    end
    if e and e.kind == "member" then
      out.title = e.change.title or out.title
      if fold.comes(e, user) then
        out.left, out.role = nil, "member"
      elseif fold.goes(e, user) then
        out.left = true
      elseif e.change.action == "role" and e.change.userId == user then
        out.role = e.change.role
      end
    end
  end
  return out
end

return fold
