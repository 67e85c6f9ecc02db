-- Search on a real host: what is found, by whom, and what is not any more.
local harness = require "harness"

describe("search.messages", function()
  local host, ann, bob, chat
  local sends = 0

  local function send(who, words, more)
    sends = sends + 1
    local params = {
      chatId = chat, clientMsgId = "s" .. sends, type = "text", content = { text = words },
    }
    for name, value in pairs(more or {}) do
      params[name] = value
    end
    return assert(who:call("chat.send", params)).seq
  end

  local function index()
    host:advance(2.5)
  end

  local function find(who, query, more)
    local params = { query = query }
    for name, value in pairs(more or {}) do
      params[name] = value
    end
    return who:call("search.messages", params)
  end

  local function seqs(who, query, more)
    local list = {}
    for i, hit in ipairs(assert(find(who, query, more)).hits) do
      list[i] = hit.seq
    end
    return list
  end

  before_each(function()
    host = harness.start { workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
    chat = assert(ann:call("chat.open", { userId = bob.id })).chatId
  end)

  after_each(function()
    host:stop()
  end)

  it("finds words, phrases and beginnings, in any case, newest first", function()
    send(ann, "The café opens at noon")
    send(bob, "at noon the CAFE is full")
    send(bob, "nothing to see")
    index()
    assert.same({ 2, 1 }, seqs(ann, "cafe noon"))
    assert.same({ 2, 1 }, seqs(bob, "Café"))
    assert.same({ 1 }, seqs(ann, '"opens at noon"'))
    assert.same({}, seqs(ann, '"noon opens"'))
    assert.same({ 2, 1 }, seqs(ann, "noo*"))
    assert.same({}, seqs(ann, "noo"))
    assert.same({ 1 }, seqs(ann, '"opens at no"*'))
  end)

  it("shows where the words are, and people's own marks as they are", function()
    send(ann, "a <b>bold</b> move \u{2} indeed \u{3}, bold")
    index()
    local hit = find(bob, "bold").hits[1]
    assert.equal(ann.id, hit.senderId)
    assert.equal(chat, hit.chatId)
    local shown = {}
    for i, part in ipairs(hit.snippet) do
      shown[i] = part.hit and "[" .. part.text .. "]" or part.text
    end
    assert.equal("a <b>[bold]</b> move  indeed , [bold]", table.concat(shown))
  end)

  it("follows edits and deletions", function()
    send(ann, "first words")
    index()
    assert(ann:call("chat.edit", {
      chatId = chat, target = 1, clientMsgId = "e", content = { text = "second words" },
    }))
    index()
    assert.same({}, seqs(bob, "first"))
    assert.same({ 1 }, seqs(bob, "second"))
    assert(ann:call("chat.delete", { chatId = chat, target = 1, clientMsgId = "d" }))
    assert.same({}, seqs(bob, "second")) -- at once
    index()
    assert.same({}, seqs(bob, "words"))
  end)

  it("follows expiry, hiding and erasure", function()
    send(ann, "gone soon", { expiresIn = 3 })
    send(ann, "hidden word")
    send(ann, "erased word")
    index()
    assert(bob:call("chat.hide", { chatId = chat, targets = { 2 } }))
    assert.same({ 3 }, seqs(bob, "word"))
    assert.same({ 3, 2 }, seqs(ann, "word"))
    host:advance(3)
    assert.same({}, seqs(bob, "soon"))
    assert(ann:call("user.erase", { password = "correct horse battery" }))
    host:advance(12)
    assert.same({}, seqs(bob, "erased"))
  end)

  it("never has sealed content", function()
    local content = { ciphertext = "plainwords00", scheme = "plainwords00" }
    send(ann, nil, { type = "sealed", content = content })
    send(ann, nil, { type = "x.note", content = { text = "plainwords00" } })
    index()
    assert.same({}, seqs(bob, "plain*"))
  end)

  it("finds files by their name, and asks by sender, type and time", function()
    send(ann, "report text")
    send(ann, nil, { type = "file", content = { blobId = "b1", name = "report.pdf" } })
    host:advance(10)
    send(bob, "report answer")
    index()
    assert.same({ 3, 2, 1 }, seqs(ann, "report"))
    assert.same({ 2 }, seqs(ann, "report", { type = "file" }))
    assert.same({ 3 }, seqs(ann, "report", { senderId = bob.id }))
    local last = find(ann, "report").hits[1].sentAt
    assert.same({ 2, 1 }, seqs(ann, "report", { before = last }))
  end)

  it("is of one's own chats only, and a stranger's chat is unknown", function()
    local eve = host:user("eve")
    send(ann, "secret")
    index()
    assert.same({}, seqs(eve, "secret"))
    local _, strange = find(eve, "secret", { chatId = chat })
    local _, unknown = find(eve, "secret", { chatId = "nowhere" })
    assert.same(unknown, strange)
    assert.equal("not_found", strange.type)
    assert.same({ 1 }, seqs(bob, "secret", { chatId = chat }))
  end)

  it("obeys the history rules of groups", function()
    local cid = host:user("cid")
    chat = assert(ann:call("group.create", { title = "g", memberIds = { bob.id } })).chatId
    send(ann, "word before")
    local edited = send(ann, "word untouched")
    assert(ann:call("group.add", { chatId = chat, userIds = { cid.id } }))
    local third = send(ann, "word while")
    assert(bob:call("group.leave", { chatId = chat }))
    send(ann, "word after")
    assert(ann:call("chat.edit", {
      chatId = chat, target = edited, clientMsgId = "e", content = { text = "word changed" },
    }))
    index()
    assert.equal(4, #seqs(ann, "word"))
    assert.equal(2, #seqs(cid, "word"))
    assert.same({ third, 2 }, seqs(bob, "word"))
    assert.same({}, seqs(bob, "changed"))
  end)

  it("pages without gaps and repeats, and a cursor is of its search", function()
    for i = 1, 25 do
      send(ann, "page " .. i)
    end
    index()
    local seen, cursor, pages = {}, nil, 0
    repeat
      local page = assert(find(bob, "page", { limit = 10, cursor = cursor }))
      for _, hit in ipairs(page.hits) do
        seen[#seen + 1] = hit.seq
      end
      cursor, pages = page.cursor, pages + 1
      assert.equal(page.more, cursor ~= nil)
    until not cursor
    assert.equal(3, pages)
    assert.equal(25, #seen)
    for i, seq in ipairs(seen) do
      assert.equal(26 - i, seq)
    end
    cursor = find(bob, "page", { limit = 10 }).cursor
    for _, wrong in ipairs { { ann, "page" }, { bob, "other" } } do
      local _, err = find(wrong[1], wrong[2], { cursor = cursor })
      assert.equal("/cursor", err.data.path)
    end
    local _, broken = find(bob, "page", { cursor = "abc" })
    assert.equal("/cursor", broken.data.path)
  end)

  it("takes anything that people type for words", function()
    send(ann, "O'Neill said: body NOT near AND (x) chat:c99 ok")
    index()
    for _, query in ipairs {
      "o'neill", 'said"', '"', "NOT", "near AND", "(x)", "(x", "chat:c99", "body : said", "ok*",
      "*ok", "ok **", "-said", "^said", "{body} said", "said + body", "…", "said …", "said\\",
      "NEAR(said body)", "said OR", '""', "said*\"", "\u{200b}said",
    } do
      local result, err = find(bob, query)
      assert.is_true(result ~= nil or err.type == "invalid_params",
        query .. ": " .. (err and err.type or ""))
    end
    for _, query in ipairs { "", "   ", "!!!", '"', "*", "--" } do
      local _, err = find(bob, query)
      assert.equal("/query", err.data.path)
    end
    local _, large = find(bob, ("x"):rep(257))
    assert.equal("too_large", large.type)
    local _, many = find(bob, ("x "):rep(17))
    assert.equal("too_large", many.type)
    assert.same({ 1 }, seqs(bob, "NOT near"))
    assert.same({}, seqs(bob, "said OR missing"))
  end)

  it("works for who is in many chats", function()
    for i = 1, 205 do
      chat = assert(ann:call("group.create", { title = "g" .. i })).chatId
    end
    send(ann, "needle")
    index()
    assert.same({ 2 }, seqs(ann, "needle"))
    assert.same({}, seqs(bob, "needle"))
  end)

  it("catches up with what was written before a reload", function()
    send(ann, "early")
    assert(host:reload("search"))
    index()
    assert.same({ 1 }, seqs(bob, "early"))
    send(ann, "late")
    index()
    assert.same({ 2 }, seqs(bob, "late"))
  end)
end)

describe("a deleted word", function()
  local host, ann, bob, folder

  local function send(id, words)
    return assert(ann:call("chat.send", {
      receiverId = bob.id, clientMsgId = id, type = "text", content = { text = words },
    }))
  end

  local function is_in_folder()
    return os.execute(("grep -rqia xylomarimba %s"):format(folder)) == true
  end

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    host = harness.start { data = folder }
    ann, bob = host:user("ann"), host:user("bob")
    local sent = send("a", "xylomarimba stays secret")
    for i = 1, 30 do
      send("n" .. i, "other words " .. i)
    end
    host:advance(3)
    assert.equal(1, #bob:call("search.messages", { query = "xylomarimba" }).hits)
    assert(ann:call("chat.delete", { chatId = sent.chatId, target = sent.seq, clientMsgId = "d" }))
  end)

  after_each(function()
    os.execute("rm -rf " .. folder)
  end)

  it("is nowhere in the data folder after the next rewrite", function()
    host:advance(10)
    host:stop()
    assert.is_false(is_in_folder())
  end)

  it("is nowhere in it either when the index is never left alone", function()
    for i = 31, 50 do
      send("n" .. i, "other words " .. i)
      host:advance(1)
    end
    host:stop()
    assert.is_false(is_in_folder())
  end)
end)
