local harness = require "harness"

local PASSWORD = "correct horse battery" -- the one of host:user, too

describe("users", function()
  local host, guest

  before_each(function()
    host = harness.start {}
    guest = host:connect()
  end)

  after_each(function()
    host:stop()
  end)

  local function register(name)
    return assert(guest:call("user.register", { username = name, password = PASSWORD }))
  end

  local function open(token)
    local client = host:connect()
    return client, assert(client:call("session.open", { token = token }))
  end

  local function refused(type, ok, err)
    assert.is_nil(ok)
    assert.equal(type, err.data.type)
    return err
  end

  it("serves nothing of its own before a login", function()
    refused("unauthenticated", guest:call("user.search", { query = "a" }))
    refused("method_not_found", guest:call("user.nothing", {}))
  end)

  it("opens a session with what registering gave", function()
    local login = register("ann")
    local _, session = open(login.accessToken)
    assert.equal(login.userId, session.userId)
    assert.equal(login.deviceId, session.deviceId)
    assert.is_true(session.limits.frameBytes > 0)
    assert.is_true(#session.capabilities > 0)
  end)

  it("has each name once, whatever its case", function()
    register("ann")
    refused("conflict", guest:call("user.register", { username = "ANN", password = PASSWORD }))
  end)

  it("answers an unknown user and a wrong password alike", function()
    register("ann")
    local wrong = refused("unauthenticated",
      guest:call("user.login", { username = "ann", password = "wrong horse" }))
    local unknown = refused("unauthenticated",
      guest:call("user.login", { username = "bob", password = "wrong horse" }))
    assert.same(wrong, unknown)
  end)

  it("keeps a device id that is sent at the login", function()
    register("ann")
    local login = assert(guest:call("user.login", {
      username = "ann", password = PASSWORD, device = { id = "phone-1", name = "Phone" },
    }))
    assert.equal("phone-1", login.deviceId)
    local other = assert(guest:call("user.login", {
      username = "ann", password = PASSWORD, device = { id = ("x"):rep(65) },
    }))
    assert.not_equal(("x"):rep(65), other.deviceId)
  end)

  it("answers a second session.open the same again and refuses another login's", function()
    local ann, bob = register("ann"), register("bob")
    local client, session = open(ann.accessToken)
    local again = assert(client:call("session.open", { token = ann.accessToken }))
    assert.equal(session.sessionId, again.sessionId)
    refused("conflict", client:call("session.open", { token = bob.accessToken }))
  end)

  it("refuses tokens that are over, changed or of another kind", function()
    local login = register("ann")
    local client = host:connect()
    for _, token in ipairs { login.refreshToken, login.accessToken .. "x", "nonsense", "" } do
      refused("unauthenticated", client:call("session.open", { token = token }))
    end
    host:advance(login.expiresIn + 1)
    refused("unauthenticated", host:connect():call("session.open", { token = login.accessToken }))
  end)

  it("gives a new pair for each refresh token once", function()
    local login = register("ann")
    local pair = assert(guest:call("user.refresh", { refreshToken = login.refreshToken }))
    assert.equal(login.userId, pair.userId)
    local _, session = open(pair.accessToken)
    assert.equal(login.deviceId, session.deviceId)
    assert(guest:call("user.refresh", { refreshToken = pair.refreshToken }))
  end)

  it("ends the whole family when a refresh token is used twice", function()
    local login = register("ann")
    local pair = assert(guest:call("user.refresh", { refreshToken = login.refreshToken }))
    local client = open(pair.accessToken)
    refused("unauthenticated", guest:call("user.refresh", { refreshToken = login.refreshToken }))
    assert.equal(4403, (client:closed()))
    refused("unauthenticated", guest:call("user.refresh", { refreshToken = pair.refreshToken }))
    refused("unauthenticated", guest:call("session.open", { token = pair.accessToken }))
  end)

  it("answers a logout and then closes", function()
    local client = open(register("ann").accessToken)
    assert.same({}, client:call("user.logout", {}))
    assert.equal(4403, (client:closed()))
  end)

  it("lists the logins and revokes one of them", function()
    local first = register("ann")
    local second = assert(guest:call("user.login", {
      username = "ann", password = PASSWORD, device = { name = "Tablet" },
    }))
    local client, session = open(first.accessToken)
    local other, other_session = open(second.accessToken)
    local list = assert(client:call("session.list", {})).sessions
    assert.equal(2, #list)
    for _, item in ipairs(list) do
      assert.equal(item.sessionId == session.sessionId, item.current)
    end
    assert(client:call("session.revoke", { sessionId = other_session.sessionId }))
    assert.equal(4403, (other:closed()))
    refused("not_found", client:call("session.revoke", { sessionId = other_session.sessionId }))
    refused("invalid_params", client:call("session.revoke", {}))
  end)

  it("lets nobody revoke a stranger's login", function()
    local ann = open(register("ann").accessToken)
    local _, bob_session = open(register("bob").accessToken)
    refused("not_found", ann:call("session.revoke", { sessionId = bob_session.sessionId }))
  end)

  it("shows profiles and leaves unknown ids out", function()
    local ann, bob = host:user("ann"), host:user("bob")
    assert(bob:call("user.update", { displayName = "Bob B.", about = "here" }))
    local got = assert(ann:call("user.get", { userIds = { bob.id, "u_nobody" } }))
    assert.same({
      users = { { userId = bob.id, username = "bob", displayName = "Bob B.", about = "here" } },
    }, got)
    assert.equal(bob.id, ann:call("user.search", { query = "BOB" }).users[1].userId)
    assert(bob:call("user.update", { about = harness.null }))
    assert.is_nil(ann:call("user.get", { userIds = { bob.id } }).users[1].about)
  end)

  it("blocks only others who exist", function()
    local ann, bob = host:user("ann"), host:user("bob")
    assert.same({}, ann:call("user.block", { userId = bob.id }))
    assert.same({}, ann:call("user.block", { userId = bob.id }))
    assert.same({}, ann:call("user.unblock", { userId = bob.id }))
    refused("not_found", ann:call("user.block", { userId = "u_nobody" }))
    refused("invalid_params", ann:call("user.block", { userId = ann.id }))
  end)

  it("ends the login unused for longest when there are too many, but none that is open", function()
    local ann = host:user("ann")
    local function login()
      host:advance(1)
      -- A connection of its own, since one that opens no session is closed after ten seconds.
      local client = host:connect()
      local pair = assert(client:call("user.login", { username = "ann", password = PASSWORD }))
      client:drop()
      return pair
    end
    local oldest = login()
    for _ = 1, 49 do
      login()
    end
    assert.equal(50, #ann:call("session.list", {}).sessions)
    local client = host:connect()
    refused("unauthenticated", client:call("session.open", { token = oldest.accessToken }))
  end)

  it("changes the password and ends the other logins", function()
    local first = register("ann")
    local second = assert(guest:call("user.login", { username = "ann", password = PASSWORD }))
    local client, other = open(first.accessToken), open(second.accessToken)
    refused("unauthenticated", client:call("user.password", { old = "x", new = "new password" }))
    assert(client:call("user.password", { old = PASSWORD, new = "new password" }))
    assert.equal(4403, (other:closed()))
    refused("unauthenticated", guest:call("user.login", { username = "ann", password = PASSWORD }))
    assert(guest:call("user.login", { username = "ann", password = "new password" }))
    assert(client:call("session.list", {}))
  end)

  it("erases an account with its password only, and frees the name", function()
    local login = register("ann")
    local client = open(login.accessToken)
    local bob = host:user("bob")
    refused("unauthenticated", client:call("user.erase", { password = "wrong horse" }))
    assert.same({}, client:call("user.erase", { password = PASSWORD }))
    assert.equal(4403, (client:closed()))
    assert.same({ users = {} }, bob:call("user.get", { userIds = { login.userId } }))
    assert.not_equal(login.userId, register("ann").userId)
  end)

  it("cleans names and texts, and wants a name that can be seen", function()
    local ann = host:user("ann")
    assert(ann:call("user.update", {
      displayName = " A\u{202e}n\u{200b}n  e\u{301} ", about = "one\u{202e}\ntwo ",
    }))
    local seen = assert(ann:call("user.get", { userIds = { ann.id } })).users[1]
    assert.equal("Ann é", seen.displayName)
    assert.equal("one\ntwo", seen.about)
    local err = refused("invalid_params", ann:call("user.update", { displayName = "\u{200b} " }))
    assert.equal("/displayName", err.data.path)
    refused("invalid_params", guest:call("user.register", {
      username = "bob", password = PASSWORD, displayName = "\u{3164}",
    }))
    assert.equal(0, #assert(ann:call("user.search", { query = "\u{200b}" })).users)
  end)

  it("hides who has blocked somebody from their search, and the profile's details", function()
    local ann, bob = host:user("ann"), host:user("bob")
    assert(bob:call("user.update", { about = "private" }))
    assert(bob:call("user.block", { userId = ann.id }))
    assert.same({ users = {} }, ann:call("user.search", { query = "bob" }))
    local seen = assert(ann:call("user.get", { userIds = { bob.id } })).users[1]
    assert.equal("bob", seen.username)
    assert.is_nil(seen.about)
    assert.equal(1, #assert(bob:call("user.search", { query = "ann" })).users)
    assert(bob:call("user.unblock", { userId = ann.id }))
    assert.equal("private", ann:call("user.get", { userIds = { bob.id } }).users[1].about)
  end)

  it("keeps sessions over a reload", function()
    local ann = host:user("ann")
    host:reload("users")
    assert(ann:call("session.list", {}))
  end)
end)
