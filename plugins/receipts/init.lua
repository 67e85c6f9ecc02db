-- receipts: two watermarks a user and chat, kept by the chat plugin. This one
-- takes marks from devices and tells those who may know.
local rules = require "rules"

local receipts = {}

local function tell(mesh, p, caller, mark)
  local function event(read)
    return rules.update_of(p.chatId, caller.userId, mark, read)
  end
  mesh.session.deliver(caller.userId, "receipts.update", event(mark.read), {
    except = caller.connection,
  })
  local seeing, hiding = rules.split(mark.others)
  if #seeing > 0 then
    mesh.session.deliver(seeing, "receipts.update", event(mark.shown))
  end
  if #hiding > 0 then
    mesh.session.deliver(hiding, "receipts.update", event(0))
  end
end

local function on_mark(mesh, p, caller)
  local mark, err = mesh.call("chat.mark", {
    chatId = p.chatId,
    userId = caller.userId,
    delivered = p.delivered,
    read = p.read,
  })
  if not mark then
    return nil, err
  end
  if mark.changed then
    tell(mesh, p, caller, mark)
  end
  return { delivered = mark.delivered, read = mark.read }
end

local function on_get(mesh, p, caller)
  return mesh.call("chat.receipts", { chatId = p.chatId, userId = caller.userId, seq = p.seq })
end

function receipts.start(mesh)
  local s = mesh.schema
  local id, count = s.id(), s.integer { minimum = 0 }
  mesh.method("receipts.mark", {
    summary = "Says how far a device has stored a chat, and its user has read it.",
    params = s.object { chatId = id, ["delivered?"] = count, ["read?"] = count },
    result = s.object { delivered = count, read = count },
  }, on_mark)
  mesh.method("receipts.get", {
    summary = "Who has a message, and who has read it.",
    params = s.object { chatId = id, seq = s.integer { minimum = 1 } },
    result = s.object {
      deliveredBy = s.array(id),
      readBy = s.array(id),
      deliveredCount = count,
      readCount = count,
    },
  }, on_get)
  mesh.event("receipts.update", {
    summary = "Somebody's watermarks in a chat rose.",
    params = s.object { chatId = id, userId = id, delivered = count, read = count },
  })
end

return receipts
