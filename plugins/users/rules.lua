-- What the users plugin decides, without doing anything.
local rules = {}

rules.USERNAME_BYTES_MIN = 3
rules.USERNAME_BYTES_MAX = 32
rules.PASSWORD_BYTES_MIN = 8
rules.PASSWORD_BYTES_MAX = 1024
rules.NAME_BYTES_MAX = 128
rules.ABOUT_BYTES_MAX = 1024
rules.DEVICE_ID_BYTES_MAX = 64
rules.IDS_MAX = 200
rules.SEARCH_MAX = 50
rules.BLOCKS_MAX = 10000
rules.SEEN_EXACT_MS = 60 * 1000 -- last use is written at most this often a login
rules.REVOKED_KEPT_MAX = 10000 -- known in memory; beyond it the database still knows

rules.USED_KEPT_MAX = 50000
rules.HANDED_OVER_MAX = 8000 -- of each at a reload, to stay below the 1 MiB of saved state

rules.TOTP_STEP_MS = 30 * 1000
rules.CODE_BYTES_MAX = 64
rules.CODE_TRIES_FREE = 5 -- wrong codes until there is a wait, which doubles with each more
rules.CODE_WAIT_FIRST_MS = 30 * 1000
rules.CODE_WAIT_MS_MAX = 3600 * 1000
rules.RECOVERY_CODES = 10
rules.RECOVERY_BYTES = 10 -- 80 bits: nobody guesses one

local TOKEN_BYTES_MAX = 512

-- The form of a name under which it is unique.
function rules.username_key(name)
  return (name:lower())
end

-- For `user add`; a client's name was checked by the schema.
function rules.check_username(name)
  local len = #name
  if len < rules.USERNAME_BYTES_MIN or len > rules.USERNAME_BYTES_MAX then
    return nil, "a username has 3 to 32 characters"
  end
  if name:find("[^%w_.-]") then
    return nil, "a username has only the characters a-z, 0-9, _, . and -"
  end
  return true
end

function rules.check_password(password)
  if #password < rules.PASSWORD_BYTES_MIN or #password > rules.PASSWORD_BYTES_MAX then
    return nil, "a password has 8 to 1024 bytes"
  end
  return true
end

-- The refusal of a display name of which cleaning left nothing.
function rules.no_name(mesh)
  return mesh.error("invalid_params", "a name that can be seen was expected", {
    path = "/displayName",
  })
end

-- ---- the second step ----

local BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

-- RFC 4648 without padding, as authenticator apps read secrets.
function rules.base32(bytes)
  local out, value, bits = {}, 0, 0
  for i = 1, #bytes do
    value, bits = value << 8 | bytes:byte(i), bits + 8
    while bits >= 5 do
      bits = bits - 5
      local digit = value >> bits & 31
      out[#out + 1] = BASE32:sub(digit + 1, digit + 1)
    end
    value = value & (1 << bits) - 1
  end
  if bits > 0 then
    local digit = value << 5 - bits & 31
    out[#out + 1] = BASE32:sub(digit + 1, digit + 1)
  end
  return table.concat(out)
end

local function escaped(text)
  return (text:gsub("[^%w_.-]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

-- What an authenticator app reads from a QR code.
function rules.otpauth(issuer, username, secret)
  local name = escaped(issuer)
  return ("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=6&period=30"):format(
    name, escaped(username), secret, name)
end

-- "abcd-efgh-jklm-npqr" of random bytes.
function rules.recovery_code(bytes)
  return (rules.base32(bytes):lower():gsub("....", "%0-"):gsub("-$", ""))
end

-- A code as it is compared: how somebody wrote it down does not matter.
function rules.plain_code(code)
  return (code:lower():gsub("[%s-]", ""))
end

-- Codes of the app are digits only.
function rules.is_recovery_code(code)
  return code:find("[^%d]") ~= nil
end

-- A device keeps the id it was once given, so what it sends is taken if it
-- could be an id at all.
function rules.device_id(sent)
  if sent and #sent >= 1 and #sent <= rules.DEVICE_ID_BYTES_MAX and not sent:find("[%c ]") then
    return sent
  end
  return nil
end

-- What a token's code is computed over. A name is in front, so that no token
-- can be used as one of the other kind.
function rules.token_text(kind, session_id, number)
  return kind .. "." .. session_id .. "." .. number
end

-- {kind, session_id, number, text, code} of a token, by its form alone.
function rules.read_token(token)
  if #token > TOKEN_BYTES_MAX then
    return nil, "too long"
  end
  local text, code = token:match("^(.*)%.([%w_-]+)$")
  if not text then
    return nil, "not a token"
  end
  local kind, session_id, digits = text:match("^([ar]1)%.([%w_]+)%.(%d+)$")
  if not kind or #digits > 15 then
    return nil, "not a token"
  end
  return {
    kind = kind,
    session_id = session_id,
    number = math.tointeger(tonumber(digits)),
    text = text,
    code = code,
  }
end

-- Whether a login, as its row says, may be used now.
function rules.check_login(row, now, idle_ms)
  if not row then
    return nil, "unknown"
  end
  if row.revoked_at or row.erased_at then
    return nil, "revoked"
  end
  if row.last_seen_at + idle_ms < now then
    return nil, "expired"
  end
  return true
end

-- What a refresh token's turn means: each works once, so an earlier one was
-- used by somebody before, and nobody can tell who of the two is the thief.
function rules.refresh_verdict(turn, row)
  if turn < row.refresh_turn then
    return "reused"
  end
  return turn == row.refresh_turn and "good" or "unknown"
end

-- The parameters of a hash, "m=19456,t=2,p=1": another string means it was made
-- with other options than today's.
function rules.hash_options(hash)
  return hash:match("^%$argon2id%$v=%d+%$([^$]*)%$")
end

-- The first text after all that start with `prefix`, in the order of bytes.
function rules.after_prefix(prefix)
  return prefix .. "\u{10FFFF}"
end

-- Members of a profile as others see it.
function rules.profile(row)
  return {
    userId = row.user_id,
    username = row.username,
    displayName = row.display_name,
    avatar = row.avatar,
    about = row.about,
  }
end

local COLUMNS = {
  { "displayName", "display_name" },
  { "avatar", "avatar" },
  { "about", "about" },
}

local function add_privacy(set, privacy)
  if privacy.lastSeen then
    set[#set + 1] = { "privacy_last_seen", privacy.lastSeen }
  end
  if privacy.readReceipts ~= nil then
    set[#set + 1] = { "privacy_read_receipts", privacy.readReceipts and 1 or 0 }
  end
end

-- The columns that an update sets, as {column, value}; null empties one.
function rules.changes(p, null)
  local set = {}
  for _, c in ipairs(COLUMNS) do
    local value = p[c[1]]
    if value ~= nil then
      set[#set + 1] = { c[2], value ~= null and value or nil }
    end
  end
  if p.displayName then
    set[#set + 1] = { "display_key", p.displayName:lower() }
  end
  add_privacy(set, p.privacy or {})
  return set
end

return rules
