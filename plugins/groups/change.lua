-- Read what is, decide, write on the condition that it still is: whoever
-- changes the same group at the same time, the rules hold in every order.
local change = {}

local ATTEMPTS_MAX = 10

local function once(mesh, chat, by, ask, decide)
  local info, err = mesh.call("chat.info", {
    chatId = chat,
    by = by,
    userIds = ask.userIds,
    joining = ask.joining,
  })
  if not info then
    return nil, err
  end
  local changes, no, update = decide(info)
  if not changes then
    return nil, mesh.error(no.type, no.message)
  end
  if #changes == 0 then
    return {}
  end
  return mesh.call("chat.change", {
    chatId = chat,
    version = info.version,
    kind = info.kind,
    by = by,
    changes = changes,
    update = update,
  })
end

-- ask is {userIds?, joining?}: whom the decision is about. decide(info) gives
-- changes, no refusal and maybe an update; or nil and a refusal.
function change.run(mesh, chat, by, ask, decide)
  local result, err
  for _ = 1, ATTEMPTS_MAX do
    result, err = once(mesh, chat, by, ask, decide)
    if result or not (err.data and err.data.stale) then
      return result, err
    end
  end
  return nil, mesh.error("unavailable", "the group changes too fast, try again")
end

return change
