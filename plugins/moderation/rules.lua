-- What the moderation plugin decides, without doing anything.
local rules = {}

rules.TEXT_BYTES_MAX = 2048
rules.REASON_BYTES_MAX = 512
rules.MODERATORS_TOLD_MAX = 100
rules.PAGE_DEFAULT = 50
rules.PAGE_MAX = 200

rules.REASONS = { "spam", "harassment", "violence", "sexual", "illegal", "impersonation", "other" }

local RANK = { moderator = 1, admin = 2 }

-- Whether somebody of this role (nil: none) may do what takes another.
function rules.may(role, needed)
  return (RANK[role] or 0) >= RANK[needed]
end

-- Moderators act on users, admins on moderators too; nobody on themselves.
function rules.may_act_on(role, by, target_role, target)
  if by == target then
    return false, "nobody can do this to themselves"
  elseif target_role and not rules.may(role, "admin") then
    return false, "only an admin can do this to a moderator"
  end
  return true
end

-- What a report is about: a message, or a user; nil and a reason for both or neither.
function rules.subject(p)
  if p.userId and not p.chatId and not p.seq then
    return "user"
  elseif p.chatId and p.seq and not p.userId then
    return "message"
  end
  return nil, "either chatId and seq or userId is needed"
end

-- Whether a suspension, as its row says, holds now.
function rules.is_suspended(row, now)
  return row ~= nil and (row.until_at == nil or row.until_at > now)
end

function rules.target_of_message(chat, seq)
  return chat .. "#" .. seq
end

return rules
