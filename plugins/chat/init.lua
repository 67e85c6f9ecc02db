-- chat: a chat is a log of entries, each with the next seq. This file is the
-- wiring; send, edit, state, history and sync are what clients call, members
-- and marks are what other plugins build on.
local draft = require "draft"
local edit = require "edit"
local erase = require "erase"
local expire = require "expire"
local export = require "export"
local focus = require "focus"
local forward = require "forward"
local hide = require "hide"
local history = require "history"
local marks = require "marks"
local members = require "members"
local moderate = require "moderate"
local rest = require "rest"
local retain = require "retain"
local roster = require "roster"
local schedule = require "schedule"
local schema = require "schema"
local send = require "send"
local state = require "state"
local sync = require "sync"

local chat = {}

function chat.start(mesh)
  local shapes = schema(mesh)
  send.register(mesh, shapes)
  edit.register(mesh, shapes)
  schedule.register(mesh, shapes)
  state.register(mesh, shapes)
  draft.register(mesh, shapes)
  focus.register(mesh, shapes)
  forward.register(mesh, shapes)
  hide.register(mesh, shapes)
  history.register(mesh, shapes)
  sync.register(mesh, shapes)
  rest.register(mesh, shapes)
  members.register(mesh)
  moderate.register(mesh)
  roster.register(mesh)
  marks.register(mesh)
  expire.register(mesh)
  retain.register(mesh)
  erase.register(mesh)
  export.register(mesh)
end

-- Serving needs the tables that the migrations made.
function chat.probe(mesh)
  local _, err = mesh.db.first("SELECT 1 FROM chat_chats LIMIT 1")
  if err then
    return nil, err.message
  end
  return true
end

function chat.save()
  return focus.save()
end

function chat.restore(mesh, saved)
  if saved then
    focus.restore(mesh, saved)
  end
end

return chat
