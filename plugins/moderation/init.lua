-- moderation: reports and their queue, suspensions, and a log of what was done. Chat
-- and users do what is decided here; rules says who may.
local admin = require "admin"
local reports = require "reports"

local moderation = {}

function moderation.start(mesh)
  reports.register(mesh)
  admin.register(mesh)
end

-- Serving needs the tables that the migrations made.
function moderation.probe(mesh)
  local _, err = mesh.db.first("SELECT 1 FROM moderation_roles LIMIT 1")
  if err then
    return nil, err.message
  end
  return true
end

return moderation
