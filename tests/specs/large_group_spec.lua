-- A group of ten thousand: joining, sending, syncing, paging through members and receipts
-- do in it what they do in a small one. Members are put into the database while no host
-- runs, as registering so many would cost as many password hashes.
local harness = require "harness"

local MEMBERS = 10000
local PLANTED = MEMBERS - 2 -- besides ann and bob

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return text
end

-- Rows as the plugins would have written them, ids in one statement each.
local PLANT = [[
.bail on
PRAGMA journal_mode = DELETE;
BEGIN;
CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c
  WHERE i < %d) SELECT i, printf('u_planted%%05d', i) AS id FROM c;
INSERT INTO users_users (user_id, username, username_key, display_name, display_key, created_at)
  SELECT id, 'planted' || i, 'planted' || i, 'Planted ' || i, 'planted ' || i, 1 FROM n;
INSERT INTO chat_members (chat_id, user_id, role, joined_at, joined_seq, rev)
  SELECT '%s', id, 'member', 1, 1, 1 FROM n;
UPDATE chat_chats SET member_count = member_count + %d, members_version = members_version + 1
  WHERE chat_id = '%s';
UPDATE chat_members SET delivered = 2 WHERE chat_id = '%s' AND user_id LIKE 'u_planted%%';
COMMIT;
]]

describe("a group of ten thousand", function()
  local host, folder, ann, bob, group
  local sends = 0

  local function say(who)
    sends = sends + 1
    return assert(who:call("chat.send", {
      chatId = group, clientMsgId = "m" .. sends, type = "text", content = { text = "hello all" },
    }))
  end

  local function plant()
    local sql = PLANT:format(PLANTED, group, PLANTED, group, group)
    local path = folder .. "/plant.sql"
    local file = assert(io.open(path, "w"))
    file:write(sql)
    file:close()
    local db = folder .. "/chattermesh.db"
    local said = output_of(("sqlite3 %s < %s 2>&1 >/dev/null"):format(db, path))
    assert(said == "", said)
  end

  setup(function()
    folder = output_of("mktemp -d"):gsub("%s+$", "")
    host = harness.start { data = folder, workers = 2 }
    ann, bob = host:user("ann"), host:user("bob")
    group = assert(ann:call("group.create", { title = "All", memberIds = { bob.id } })).chatId
    host:stop()
    plant()
    host = harness.start { data = folder, workers = 2 }
    host.people = { ann = true, bob = true } -- they are registered already
    ann, bob = host:user("ann"), host:user("bob")
  end)

  teardown(function()
    host:stop()
    os.execute("rm -rf " .. folder)
  end)

  it("delivers a message to who is there", function()
    say(ann)
    assert.equal("hello all", bob:expect("chat.message").content.text)
    assert.equal(MEMBERS, assert(bob:call("group.get", { chatId = group })).memberCount)
  end)

  it("tells receipts as counts and no marks one by one", function()
    local sent = say(ann)
    assert(bob:call("receipts.mark", { chatId = group, read = sent.seq }))
    assert.is_nil(ann:find("receipts.update"))
    local first = assert(ann:call("receipts.get", { chatId = group, seq = 2 }))
    assert.equal(MEMBERS - 1, first.deliveredCount)
    assert.equal(200, #first.deliveredBy)
    local last = assert(ann:call("receipts.get", { chatId = group, seq = sent.seq }))
    assert.same({ 1, 1 }, { last.deliveredCount, last.readCount })
  end)

  it("gives its members in pages, each once", function()
    local seen, count, cursor, more = {}, 0, nil, true
    while more do
      local params = { chatId = group, limit = 200, cursor = cursor }
      local page = assert(bob:call("group.members", params))
      for _, member in ipairs(page.members) do
        count = count + (seen[member.userId] and 0 or 1)
        seen[member.userId] = true
      end
      cursor, more = page.cursor, page.more
    end
    assert.equal(MEMBERS, count)
  end)

  it("takes one more by a link and lets one go, and tells the others", function()
    local cid = host:user("cid")
    local code = assert(ann:call("group.link", { chatId = group })).code
    assert(cid:call("group.join", { code = code }))
    bob:expect("group.changed", { change = { action = "joined", userId = cid.id } })
    say(cid)
    assert.equal(cid.id, bob:expect("chat.message", { senderId = cid.id }).senderId)
    assert(cid:call("group.leave", { chatId = group }))
    bob:expect("group.changed", { change = { action = "left", userId = cid.id } })
    assert.equal(MEMBERS, assert(bob:call("group.get", { chatId = group })).memberCount)
  end)

  it("is one line of a sync", function()
    local chats = assert(bob:call("sync.pull", {})).chats
    assert.same({ group, MEMBERS }, { chats[1].chatId, chats[1].memberCount })
    local cursor = assert(bob:call("sync.pull", {})).cursor
    say(ann)
    local after = assert(bob:call("sync.pull", { cursor = cursor })).chats
    assert.equal(1, #after)
    assert.is_true(after[1].unread >= 1)
  end)

  it("lets typing be seen and an admin make others admins", function()
    ann:forget()
    assert(bob:call("typing.set", { chatId = group, state = "typing" }))
    assert.equal(bob.id, ann:expect("typing.update").userId)
    assert(ann:call("group.role", { chatId = group, userId = "u_planted00001", role = "admin" }))
    bob:expect("group.changed", { change = { action = "role", userId = "u_planted00001" } })
  end)
end)
