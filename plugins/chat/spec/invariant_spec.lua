-- State plus events equals a fresh state, after any schedule of calls.
local here = debug.getinfo(1, "S").source:match("^@(.*)invariant_spec") or "./"
local harness = require "harness"
local mirror = dofile(here .. "mirror.lua")

local SEEDS = tonumber(os.getenv("SEEDS")) or 6
local STEPS = 120
local NAMES = { "ann", "bob", "cid" }
local COMPARED = {
  "lastSeq", "unread", "myRead", "myDelivered", "peerRead", "peerDelivered", "muted", "title",
  "memberCount", "role", "updatedAt", "hides",
}

local function pick(list)
  return list[math.random(#list)]
end

local function open_people(host)
  local people = {}
  for i, name in ipairs(NAMES) do
    people[i] = host:user(name)
    people[i].mirror = mirror.new(host:user(name))
  end
  return people
end

local calls = 0

-- Each gives a method and params for a chat's state, somebody and a target seq.
local MOVES = {
  function(_, other)
    return "chat.open", { userId = other }
  end,
  function(_, other, _, id)
    return "chat.send", {
      receiverId = other, clientMsgId = id, type = "text", content = { text = id },
      expiresIn = math.random(4) == 1 and 2 or nil,
    }
  end,
  function(_, other, _, id)
    return "group.create", { title = id, memberIds = { other }, permissions = { add = "members" } }
  end,
  function(chat, _, _, id)
    return "chat.send", { chatId = chat, clientMsgId = id, type = "text", content = { text = id } }
  end,
  function(chat, _, target, id)
    return "chat.edit", {
      chatId = chat, target = target, clientMsgId = id, content = { text = id },
    }
  end,
  function(chat, _, target, id)
    return "chat.delete", { chatId = chat, target = target, clientMsgId = id }
  end,
  function(chat, _, target, id)
    return "chat.react", {
      chatId = chat, target = target, clientMsgId = id, emoji = pick { "x", "y" },
      on = math.random(3) > 1,
    }
  end,
  function(chat, _, target)
    return "receipts.mark", {
      chatId = chat, delivered = target, read = math.random(2) == 1 and target or nil,
    }
  end,
  function(chat, _, target)
    return "chat.pin", { chatId = chat, target = target, on = math.random(3) > 1 }
  end,
  function(chat)
    return "chat.mute", { chatId = chat, ["until"] = math.random(99) }
  end,
  function(chat, other)
    return "group.add", { chatId = chat, userIds = { other } }
  end,
  function(chat, other)
    return "group.remove", { chatId = chat, userIds = { other } }
  end,
  function(chat, other)
    local role = pick { "owner", "admin", "member" }
    return "group.role", { chatId = chat, userId = other, role = role }
  end,
  function(chat)
    return "group.leave", { chatId = chat }
  end,
  function(chat, _, _, id)
    return "group.update", { chatId = chat, title = id }
  end,
  function(chat, _, target)
    return "chat.hide", { chatId = chat, targets = { target } }
  end,
  function(chat, _, target, id)
    return "chat.draft", {
      chatId = chat, text = math.random(3) > 1 and id or harness.null,
      replyTo = math.random(2) == 1 and target or nil,
    }
  end,
  function(chat, other, target, id)
    return "chat.forward", {
      receiverId = other, from = { chatId = chat, seq = target }, clientMsgId = id,
    }
  end,
}

local function move(host, people)
  local who = pick(people)
  local known = {}
  for id in pairs(who.mirror.chats) do
    known[#known + 1] = id
  end
  table.sort(known)
  calls = calls + 1
  local chat = pick(known)
  local state = chat and who.mirror.chats[chat].state
  local target = state and state.lastSeq > 0 and math.random(state.lastSeq) or 1
  local make = MOVES[chat and math.random(#MOVES) or math.random(3)]
  -- Refusals are as good as successes: they must change nothing.
  who:call(make(chat, pick(people).id, target, "c" .. calls))
  if math.random(8) == 1 then
    host:advance(1)
  end
  if math.random(40) == 1 then
    assert(host:reload("chat"))
  end
end

-- Which emoji came first may differ when reactions were taken back meanwhile.
local function sorted(log)
  for _, e in pairs(log) do
    if e ~= harness.null and e.reactions then
      table.sort(e.reactions, function(a, b)
        return a.emoji < b.emoji
      end)
    end
  end
  return log
end

local function compare(seed, person)
  local mine = person.mirror
  local fresh = mine:fresh()
  for id, state in pairs(fresh) do
    local chat = assert(mine.chats[id], "no event told of a chat")
    local last, unread = mine:derived(chat, harness.null)
    chat.state.unread = unread
    -- What is deleted after one left is gone for all, and no event tells who left.
    if not state.left then
      for _, name in ipairs(COMPARED) do
        local where = ("seed %d, %s of %s for %s"):format(seed, name, state.kind, person.name)
        assert.equal(state[name], chat.state[name], where)
      end
      local draft = chat.state.draft ~= harness.null and chat.state.draft or nil
      assert.same(state.draft, draft, "seed " .. seed)
      assert.same(state.pins, chat.state.pins, "seed " .. seed)
      assert.same(sorted(mine:log_of(id)), sorted(chat.log), "seed " .. seed)
      assert.same(sorted { state.last }, sorted { last }, "seed " .. seed)
    else
      assert.same({ true, state.lastSeq, state.memberCount },
        { chat.state.left, chat.state.lastSeq, chat.state.memberCount }, "seed " .. seed)
    end
  end
  for id in pairs(mine.chats) do
    assert.is_table(fresh[id], "a chat that is no more")
  end
end

describe("state plus events", function()
  local host

  after_each(function()
    host:stop()
  end)

  for seed = 1, SEEDS do
    it("equals a fresh state, schedule " .. seed, function()
      math.randomseed(seed)
      host = harness.start { workers = 2 }
      local people = open_people(host)
      for step = 1, STEPS do
        move(host, people)
        for _, person in ipairs(people) do
          person.mirror:listen()
        end
        if step % 20 == 0 then
          for _, person in ipairs(people) do
            compare(seed, person)
          end
        end
      end
    end)
  end
end)
