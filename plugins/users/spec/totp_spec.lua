-- Codes of an authenticator app as the second step of a login.
local harness = require "harness"
local otp = require "otp"

local PASSWORD = "correct horse battery" -- the one of host:user, too
local START_MS = 1700000000000 -- the wall clock of a simulation when it starts

describe("the second step", function()
  local host, ann, guest, secret, passed_s

  local function refused(type, ok, err)
    assert.is_nil(ok)
    assert.equal(type, err.type)
    return err
  end

  local function code(steps)
    return otp.code(secret, START_MS + passed_s * 1000 + (steps or 0) * 30000)
  end

  local function pass(seconds)
    host:advance(seconds)
    passed_s = passed_s + seconds
    guest = host:connect() -- the one before was closed: it never opened a session
  end

  local function login(with)
    return guest:call("user.login", { username = "ann", password = PASSWORD, code = with })
  end

  local function wrong_code()
    local right = code()
    return right:sub(1, 5) .. (right:sub(6) == "1" and "2" or "1")
  end

  local function enable()
    secret = assert(ann:call("user.totp.begin", { password = PASSWORD })).secret
    return assert(ann:call("user.totp.enable", { code = code() })).recoveryCodes
  end

  before_each(function()
    host = harness.start {}
    passed_s = 0
    ann, guest = host:user("ann"), host:connect()
  end)

  after_each(function()
    host:stop()
  end)

  it("is off until a code of the app was shown", function()
    local begun = assert(ann:call("user.totp.begin", { password = PASSWORD }))
    secret = begun.secret
    assert.equal(32, #secret)
    assert.truthy(begun.uri:find("otpauth://totp/ChatterMesh:ann?secret=" .. secret, 1, true))
    assert(login())
    refused("unauthenticated", ann:call("user.totp.enable", { code = wrong_code() }))
    assert.is_false(ann:call("user.totp.get", {}).enabled)
    assert.equal(10, #assert(ann:call("user.totp.enable", { code = code() })).recoveryCodes)
    assert.same({ enabled = true, recoveryCodesLeft = 10 }, ann:call("user.totp.get", {}))
  end)

  it("asks for a code who has the password and nobody else", function()
    enable()
    local err = refused("unauthenticated", login())
    assert.equal("code", err.data.needs)
    local no_password = { username = "ann", password = "wrong horse", code = code(1) }
    err = refused("unauthenticated", guest:call("user.login", no_password))
    assert.is_nil(err.data.needs)
  end)

  it("takes each code once", function()
    enable()
    refused("unauthenticated", login(code())) -- it turned the second step on
    pass(30)
    assert(login(code()))
    assert.equal("code", refused("unauthenticated", login(code())).data.needs)
    refused("unauthenticated", login(code(-1)))
  end)

  it("takes one code once from logins at the same time", function()
    enable()
    pass(30)
    local params = { username = "ann", password = PASSWORD, code = code() }
    local ids, taken = {}, 0
    for i = 1, 4 do
      ids[i] = guest:start("user.login", params)
    end
    host:advance(0.5)
    for _, id in ipairs(ids) do
      taken = taken + (guest:answer(id).result and 1 or 0)
    end
    assert.equal(1, taken)
  end)

  it("forgives a clock that is a step off and no more", function()
    enable()
    pass(120)
    refused("unauthenticated", login(code(-2)))
    refused("unauthenticated", login(code(2)))
    assert(login(code(-1)))
    assert(login(code(1)))
  end)

  it("makes who guesses wait longer with each guess", function()
    enable()
    pass(30)
    for _ = 1, 5 do
      refused("unauthenticated", login(wrong_code()))
    end
    local err = refused("rate_limited", login(code()))
    assert.is_true(err.data.retryAfterMs > 20000 and err.data.retryAfterMs <= 30000)
    pass(31)
    refused("unauthenticated", login(wrong_code()))
    err = refused("rate_limited", login(code()))
    assert.is_true(err.data.retryAfterMs > 50000 and err.data.retryAfterMs <= 60000)
    pass(61)
    assert(login(code()))
    pass(30)
    refused("unauthenticated", login(wrong_code())) -- counted from the start again
    assert(login(code()))
  end)

  it("takes a recovery code once, however it is written", function()
    local codes = enable()
    assert(login(codes[1]))
    refused("unauthenticated", login(codes[1]))
    assert(login((codes[2]:upper():gsub("-", " "))))
    refused("unauthenticated", login("aaaa-aaaa-aaaa-aaaa"))
    assert.equal(8, ann:call("user.totp.get", {}).recoveryCodesLeft)
  end)

  it("comes off by the password and a code", function()
    enable()
    pass(30)
    refused("unauthenticated", ann:call("user.totp.disable", { password = PASSWORD }))
    refused("unauthenticated", ann:call("user.totp.disable", { password = "no", code = code() }))
    refused("conflict", ann:call("user.totp.begin", { password = PASSWORD }))
    assert(ann:call("user.totp.disable", { password = PASSWORD, code = code() }))
    assert(login())
    assert.same({ enabled = false, recoveryCodesLeft = 0 }, ann:call("user.totp.get", {}))
  end)

  it("wants no code for a refresh", function()
    enable()
    pass(30)
    local pair = assert(login(code()))
    assert(guest:call("user.refresh", { refreshToken = pair.refreshToken }))
  end)

  it("is refused what is not a code", function()
    enable()
    for _, bad in ipairs { "", "12345", "1234567", ("1"):rep(64) } do
      pass(4000) -- past any wait
      refused("unauthenticated", login(bad))
    end
    refused("invalid_params", login(("1"):rep(65)))
    refused("invalid_params", login(123456))
  end)
end)
