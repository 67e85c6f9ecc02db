-- POST and GET /api/messages: chat.send and chat.history for plain HTTP.
local history = require "history"
local rules = require "rules"
local send = require "send"
local store = require "store"

local rest = {}

local function on_post(mesh, request, caller)
  local body = request.body
  if body.senderId ~= caller.userId then
    return nil, mesh.error("forbidden", "senderId is not the bearer's")
  end
  local kind = body.type or "text"
  local given = body.content
  if type(given) == "string" then
    given = { text = given }
  end
  local content, no = rules.content(kind, given)
  if not content then
    return nil, store.error(mesh, no)
  end
  local sent, err = send.run(mesh, {
    chatId = body.chatId,
    receiverId = body.receiverId,
    clientMsgId = body.clientMsgId or mesh.id("r"),
    type = kind,
    content = content,
  }, caller)
  if not sent then
    return nil, err
  end
  return { status = 201, json = sent }
end

local function on_get(mesh, request, caller)
  local query = request.query
  if (query.chatId == nil) == (query.userId == nil) then
    return nil, mesh.error("invalid_params", "one of chatId and userId is needed", {
      path = query.chatId and "/userId" or "/chatId",
    })
  end
  local page, err = history.run(mesh, {
    chatId = query.chatId or store.direct_id(mesh, caller.userId, query.userId),
    before_time = query.timestamp,
    limit = query.limit,
  }, caller)
  if not page then
    return nil, err
  end
  return { status = 200, json = page }
end

function rest.register(mesh, shapes)
  mesh.route("POST", "/api/messages", {
    summary = "Writes a message, as chat.send does.",
    body = shapes.rest_post,
    result = shapes.sent,
  }, on_post)
  mesh.route("GET", "/api/messages", {
    summary = "A page of a chat's entries, as chat.history gives it.",
    query = shapes.rest_get,
    result = shapes.page,
  }, on_get)
end

return rest
