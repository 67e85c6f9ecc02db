-- tokens: an access token is known by its code alone, without the database; so
-- is a refresh token's turn. The key is the host's and never seen here.
local rules = require "rules"

local tokens = {}

local KEY = "tokens"
local ACCESS, REFRESH = "a1", "r1"

local function code_of(mesh, text)
  return mesh.crypto.base64url(mesh.crypto.mac(KEY, text))
end

local function make(mesh, kind, session_id, number)
  local text = rules.token_text(kind, session_id, number)
  return text .. "." .. code_of(mesh, text)
end

-- What a client gets for a login.
function tokens.pair(mesh, session_id, turn)
  local ttl_s = mesh.config.accessTokenS
  return {
    accessToken = make(mesh, ACCESS, session_id, mesh.now() + ttl_s * 1000),
    refreshToken = make(mesh, REFRESH, session_id, turn),
    expiresIn = ttl_s,
  }
end

local function read(mesh, token, kind)
  local claims = rules.read_token(token)
  if not claims or claims.kind ~= kind then
    return nil
  end
  return mesh.crypto.equal(claims.code, code_of(mesh, claims.text)) and claims or nil
end

-- The session id of an access token that is ours and not over.
function tokens.read_access(mesh, token)
  local claims = read(mesh, token, ACCESS)
  return claims and claims.number > mesh.now() and claims.session_id or nil
end

-- The session id and turn of a refresh token that is ours.
function tokens.read_refresh(mesh, token)
  local claims = read(mesh, token, REFRESH)
  if not claims then
    return nil
  end
  return claims.session_id, claims.number
end

return tokens
