-- What an authenticator app shows: the code of a secret at a time (RFC 6238, SHA-1,
-- six digits, 30 s). Written apart from the host's, so that each checks the other.
local otp = {}

local BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
local MASK = 0xffffffff

local function rol(x, n)
  return (x << n | x >> (32 - n)) & MASK
end

local function round(i, b, c, d)
  if i < 20 then
    return (b & c) | (~b & d), 0x5a827999
  elseif i < 40 then
    return b ~ c ~ d, 0x6ed9eba1
  elseif i < 60 then
    return (b & c) | (b & d) | (c & d), 0x8f1bbcdc
  end
  return b ~ c ~ d, 0xca62c1d6
end

local function block(h, chunk)
  local w = { (">I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4"):unpack(chunk) }
  for i = 17, 80 do
    w[i] = rol(w[i - 3] ~ w[i - 8] ~ w[i - 14] ~ w[i - 16], 1)
  end
  local a, b, c, d, e = table.unpack(h)
  for i = 0, 79 do
    local f, k = round(i, b, c, d)
    a, b, c, d, e = (rol(a, 5) + (f & MASK) + e + k + w[i + 1]) & MASK, a, rol(b, 30), c, d
  end
  for i, v in ipairs { a, b, c, d, e } do
    h[i] = (h[i] + v) & MASK
  end
end

local function sha1(text)
  local h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 }
  local padded = text .. "\x80" .. ("\0"):rep((55 - #text) % 64) .. (">I8"):pack(#text * 8)
  for at = 1, #padded, 64 do
    block(h, padded:sub(at, at + 63))
  end
  return (">I4I4I4I4I4"):pack(table.unpack(h))
end

local function hmac(key, text)
  local function padded(with)
    return ((key .. ("\0"):rep(64 - #key)):gsub(".", function(c)
      return string.char(c:byte() ~ with)
    end))
  end
  return sha1(padded(0x5c) .. sha1(padded(0x36) .. text))
end

local function unbase32(text)
  local out, value, bits = {}, 0, 0
  for c in text:gmatch(".") do
    value, bits = value << 5 | BASE32:find(c, 1, true) - 1, bits + 5
    if bits >= 8 then
      bits = bits - 8
      out[#out + 1] = string.char(value >> bits & 255)
    end
    value = value & (1 << bits) - 1
  end
  return table.concat(out)
end

-- The code that the app shows at this time in ms for a secret in base32.
function otp.code(secret, ms)
  local mac = hmac(unbase32(secret), (">I8"):pack(ms // 30000))
  local number = (">I4"):unpack(mac, (mac:byte(20) & 15) + 1) & 0x7fffffff
  return ("%06d"):format(number % 1000000)
end

return otp
