local here = debug.getinfo(1, "S").source:match("^@(.*)spec/") or "./"
local rules = dofile(here .. "rules.lua")

describe("users: names and passwords", function()
  it("takes names of 3 to 32 plain characters", function()
    assert.is_true(rules.check_username("ann"))
    assert.is_true(rules.check_username("A.n_n-9"))
    assert.is_true(rules.check_username(("x"):rep(32)))
    for _, name in ipairs { "an", ("x"):rep(33), "an n", "änn", "ann!", "" } do
      assert.is_nil(rules.check_username(name))
    end
  end)

  it("has one key for a name in upper and lower case", function()
    assert.equal(rules.username_key("ann"), rules.username_key("ANN"))
  end)

  it("takes passwords of 8 to 1024 bytes", function()
    assert.is_true(rules.check_password(("x"):rep(8)))
    assert.is_true(rules.check_password(("x"):rep(1024)))
    assert.is_nil(rules.check_password(("x"):rep(7)))
    assert.is_nil(rules.check_password(("x"):rep(1025)))
  end)

  it("keeps a device id that could be one", function()
    assert.equal("phone", rules.device_id("phone"))
    assert.equal(("x"):rep(64), rules.device_id(("x"):rep(64)))
    for _, id in ipairs { "", ("x"):rep(65), "a b", "a\nb" } do
      assert.is_nil(rules.device_id(id))
    end
    assert.is_nil(rules.device_id(nil))
  end)
end)

describe("users: tokens", function()
  it("reads what it writes", function()
    local text = rules.token_text("a1", "s_0abc", 1790000000)
    local claims = rules.read_token(text .. ".c0-_De")
    assert.same({
      kind = "a1",
      session_id = "s_0abc",
      number = 1790000000,
      text = text,
      code = "c0-_De",
    }, claims)
  end)

  it("refuses other forms", function()
    local bad = {
      "", ".", "...", "a1.s_1.5", "a2.s_1.5.code", "a1.s_1.-5.code", "a1.s_1.5.", "a1..5.code",
      "a1.s_1.5x.code", "a1.s_1.1234567890123456.code", "a1.s 1.5.code",
      "a1.s_1.5.co de", ("a"):rep(600),
    }
    for _, token in ipairs(bad) do
      assert.is_nil(rules.read_token(token), token)
    end
  end)
end)

describe("users: logins", function()
  local row = { last_seen_at = 1000 }

  it("serves a login until it was not used for too long", function()
    assert.is_true(rules.check_login(row, 1500, 500))
    local ok, reason = rules.check_login(row, 1501, 500)
    assert.is_nil(ok)
    assert.equal("expired", reason)
  end)

  it("serves no revoked login, no erased user's and no unknown one", function()
    local _, revoked = rules.check_login({ last_seen_at = 1000, revoked_at = 1 }, 1000, 500)
    local _, erased = rules.check_login({ last_seen_at = 1000, erased_at = 1 }, 1000, 500)
    local _, unknown = rules.check_login(nil, 1000, 500)
    assert.same({ "revoked", "revoked", "unknown" }, { revoked, erased, unknown })
  end)

  it("tells a reused refresh token from a good one and one from the future", function()
    assert.equal("reused", rules.refresh_verdict(1, { refresh_turn = 2 }))
    assert.equal("good", rules.refresh_verdict(2, { refresh_turn = 2 }))
    assert.equal("unknown", rules.refresh_verdict(3, { refresh_turn = 2 }))
  end)

  it("reads the options out of a hash", function()
    assert.equal("m=19456,t=2,p=1", rules.hash_options("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aA"))
    assert.is_nil(rules.hash_options("x"))
  end)
end)

describe("users: profiles", function()
  local null = {}

  it("changes what is given and empties what is null", function()
    local set = rules.changes({ displayName = "Änn B", avatar = null }, null)
    assert.same({
      { "display_name", "Änn B" },
      { "avatar", nil },
      { "display_key", "Änn b" },
    }, set)
  end)

  it("changes privacy, also to false", function()
    assert.same({ { "privacy_last_seen", "nobody" }, { "privacy_read_receipts", 0 } },
      rules.changes({ privacy = { lastSeen = "nobody", readReceipts = false } }, null))
  end)

  it("changes nothing for nothing", function()
    assert.same({}, rules.changes({}, null))
    assert.same({}, rules.changes({ privacy = {} }, null))
  end)

  it("finds a prefix between itself and what comes after it", function()
    local upto = rules.after_prefix("an")
    assert.is_true("an" < upto and "ann" < upto and "anz\u{10FFFF}" < upto)
    assert.is_false("ao" < upto)
  end)
end)

describe("users: the second step", function()
  it("writes secrets as RFC 4648 does", function()
    local published = {
      [""] = "", f = "MY", fo = "MZXQ", foo = "MZXW6", foob = "MZXW6YQ", fooba = "MZXW6YTB",
      foobar = "MZXW6YTBOI",
    }
    for bytes, text in pairs(published) do
      assert.equal(text, rules.base32(bytes))
    end
  end)

  it("names the account in what an app reads, whatever the server is called", function()
    assert.equal(
      "otpauth://totp/My%20server%3A:ann?secret=ABC&issuer=My%20server%3A"
        .. "&algorithm=SHA1&digits=6&period=30",
      rules.otpauth("My server:", "ann", "ABC"))
  end)

  it("tells recovery codes from an app's, and takes them however they are written", function()
    local code = rules.recovery_code(("x"):rep(rules.RECOVERY_BYTES))
    assert.truthy(code:find("^%w%w%w%w%-%w%w%w%w%-%w%w%w%w%-%w%w%w%w$"))
    assert.is_true(rules.is_recovery_code(code))
    assert.is_false(rules.is_recovery_code("123456"))
    assert.equal(rules.plain_code(code), rules.plain_code(code:upper():gsub("-", " ")))
  end)
end)
