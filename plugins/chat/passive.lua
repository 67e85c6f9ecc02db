-- Which sessions asked for full entries of some chats only: a note in every
-- worker, made by chat.focus and forgotten with the connection. While nobody is
-- passive, is_used is false and nothing else here is looked at.
local passive = { is_used = false, epoch = 0 }

local SAVED_BYTES_MAX = 512 * 1024 -- of what a reload hands over, which takes 1 MiB

local users = {} -- user id -> connection -> { chats = set, mine = on this worker }

local function note_change()
  passive.epoch = passive.epoch + 1
  passive.is_used = next(users) ~= nil
end

-- chats: a list of the chats in focus; nil ends it.
function passive.set(user, connection, chats, mine)
  local of_user = users[user]
  if not chats then
    if of_user and of_user[connection] then
      of_user[connection] = nil
      if next(of_user) == nil then
        users[user] = nil
        note_change()
      end
    end
    return
  end
  if not of_user then
    of_user = {}
    users[user] = of_user
    note_change()
  end
  local focus = {}
  for _, chat in ipairs(chats) do
    focus[chat] = true
  end
  of_user[connection] = { chats = focus, mine = mine }
end

-- The passive connections of a user, nil for none.
function passive.of(user)
  return users[user]
end

-- A connection's place in the note is kept until somebody looks: live(user)
-- gives the connections that are open.
function passive.sweep(live)
  local gone = {}
  for user, connections in pairs(users) do
    local is_open = live(user)
    for connection in pairs(connections) do
      if not is_open[connection] then
        gone[#gone + 1] = { user, connection }
      end
    end
  end
  for _, one in ipairs(gone) do
    passive.set(one[1], one[2], nil)
  end
end

-- What a reload hands over. Beyond the limit sessions hear everything again.
function passive.save()
  local list, bytes = {}, 0
  for user, connections in pairs(users) do
    for connection, focus in pairs(connections) do
      local chats = {}
      for chat in pairs(focus.chats) do
        chats[#chats + 1] = chat
        bytes = bytes + 70
      end
      bytes = bytes + 200
      if bytes > SAVED_BYTES_MAX then
        return list
      end
      list[#list + 1] = { user = user, connection = connection, chats = chats, mine = focus.mine }
    end
  end
  return list
end

function passive.restore(list)
  for _, one in ipairs(list) do
    passive.set(one.user, one.connection, one.chats, one.mine)
  end
end

return passive
