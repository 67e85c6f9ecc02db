-- Erasing an account takes what the user wrote out of every file of the data folder. Each
-- text that is planted has the marker in it, and after the erasure no file has.
local harness = require "harness"

local PASSWORD = "correct horse battery" -- the one of host:user, too
local MARK = "plantedmarker"

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return text
end

describe("an erased account", function()
  local host, folder, ann, bob
  local number = 0

  local function marked(what)
    number = number + 1
    return ("%s %s %d"):format(MARK, what, number)
  end

  -- Where the marker still is: file and what stands behind it.
  local function traces()
    return output_of(("grep -a -o -r '%s[ -~]\\{0,60\\}' %s"):format(MARK, folder))
  end

  local function call(who, method, params)
    local result, err = who:call(method, params)
    assert.is_nil(err, err and (method .. ": " .. err.message))
    return result
  end

  local function send(who, to, text)
    number = number + 1
    to.clientMsgId, to.type, to.content = "c" .. number, "text", { text = text }
    return call(who, "chat.send", to)
  end

  before_each(function()
    folder = output_of("mktemp -d"):gsub("%s+$", "")
    host = harness.start { data = folder }
    ann = host:user("ann", { name = marked "device", platform = marked "platform" })
    bob = host:user("bob")
  end)

  after_each(function()
    host:stop()
    os.execute("rm -rf " .. folder)
  end)

  local function plant_profile()
    call(ann, "user.update", { displayName = marked "name", about = marked "about" })
    call(ann, "user.update", { displayName = marked "later name" })
    call(ann, "presence.set", { status = "busy", text = marked "presence" })
    call(ann, "report.create", { userId = bob.id, reason = "other", text = marked "report" })
    local group = call(bob, "group.create", { title = "Kitchen" }).chatId
    call(bob, "group.update", { chatId = group, discoverable = true, joinPolicy = "request" })
    call(ann, "group.request", { chatId = group, text = marked "request" })
  end

  local function plant_messages()
    local sent = send(ann, { receiverId = bob.id }, marked "message")
    call(ann, "chat.edit", {
      chatId = sent.chatId, target = sent.seq, clientMsgId = "e",
      content = { text = marked "edited" },
    })
    call(ann, "chat.send", {
      receiverId = bob.id, clientMsgId = "f", type = "x.note", content = { note = marked "note" },
    })
    local deleted = send(ann, { receiverId = bob.id }, marked "deleted")
    call(ann, "chat.delete", { chatId = deleted.chatId, target = deleted.seq, clientMsgId = "d" })
    for _ = 1, 60 do
      send(ann, { receiverId = bob.id }, marked(("long "):rep(100)))
    end
    call(ann, "chat.draft", { chatId = sent.chatId, text = marked "draft" })
    local own = call(ann, "chat.open", { userId = ann.id }).chatId
    send(ann, { chatId = own }, marked "note to self")
    call(bob, "report.create", { chatId = sent.chatId, seq = sent.seq, reason = "spam" })
    return sent
  end

  local function plant_group()
    local group = call(ann, "group.create", { title = marked "title", about = marked "about" })
    call(ann, "group.update", { chatId = group.chatId, title = marked "new title" })
    send(ann, { chatId = group.chatId }, marked "in the group")
  end

  it("leaves nothing of what the user wrote in any file", function()
    plant_profile()
    plant_messages()
    plant_group()
    assert.is_true(#traces() > 0)
    call(ann, "user.erase", { password = PASSWORD })
    host:advance(120)
    assert.equal("", traces())
  end)

  it("leaves what others wrote", function()
    local sent = plant_messages()
    send(bob, { chatId = sent.chatId }, "words of bob")
    call(ann, "user.erase", { password = PASSWORD })
    host:advance(120)
    local entries = call(bob, "chat.history", { chatId = sent.chatId, limit = 200 }).entries
    local kept
    for _, entry in ipairs(entries) do
      kept = kept or (entry.content and entry.content.text == "words of bob")
      assert.is_true(entry.senderId ~= ann.id or entry.content == nil)
    end
    assert.is_true(kept)
  end)

  it("is finished at the next start when the server died in between", function()
    plant_profile()
    plant_messages()
    host:stop()
    -- As the users plugin leaves it, without anybody having heard.
    local erased = "UPDATE users_users SET erased_at = 1, username = NULL, username_key = NULL,"
      .. " display_name = NULL, display_key = NULL, about = NULL WHERE username = 'ann';"
      .. " UPDATE users_logins SET device_name = NULL, device_platform = NULL;"
      .. " DELETE FROM users_devices;"
    assert.equal("", output_of(("sqlite3 %s/chattermesh.db \"%s\" 2>&1"):format(folder, erased)))
    host = harness.start { data = folder }
    host.people.bob = bob.id -- who is registered already
    bob = host:user("bob")
    host:advance(120)
    assert.equal("", traces())
  end)
end)
