-- The language of the stories: that a sentence which is not true is found out,
-- and where.
package.path = "tests/stories/?.lua;" .. package.path
local story = require "story"

describe("a story", function()
  local function holds(...)
    local ok, _, why = story.tell("# It holds\n" .. table.concat({ ... }, "\n"))
    assert.is_true(ok, why and why.message)
  end

  -- The last line is the false one.
  local function fails(words, ...)
    local lines = { ... }
    local ok, _, why = story.tell("# It fails\n" .. table.concat(lines, "\n"))
    assert.is_nil(ok)
    assert.equal(#lines + 1, why.line, why.message)
    assert.is_truthy(why.message:find(words, 1, true), why.message)
  end

  local TALK = 'ann says "hi" to bob as m1'

  it("holds when all its sentences do", function()
    holds("ann, bob connect", TALK, 'bob gets chat.message {"seq": "${m1.seq}"}',
      "bob gets nothing")
  end)

  it("fails at an event that is not there, or another", function()
    fails("got:      nothing", "ann, bob connect", "bob gets chat.message")
    fails('{"text": "ho"}', "ann, bob connect", TALK,
      'bob gets chat.message {"content": {"text": "ho"}}')
    fails("expected: nothing", "ann, bob connect", TALK, "bob gets nothing")
    fails("expected: nothing", "ann, bob connect", TALK, "bob gets nothing chat.message")
  end)

  it("fails at the oldest event of a name, not at any later one", function()
    fails("expected: chat.message", "ann, bob connect", TALK, 'ann says "ho" to bob',
      'bob gets chat.message {"seq": 2}')
  end)

  it("fails at a call that was refused though nobody said so", function()
    local ok, _, why = story.tell('# x\nann connects\nann sends chat.open {"userId": "nobody"}\n'
      .. "clock +1s")
    assert.is_nil(ok)
    assert.equal(3, why.line)
    assert.is_truthy(why.message:find("not_found"), why.message)
  end)

  it("fails at a refusal that did not come, or came otherwise", function()
    fails("expected: error not_found", "ann, bob connect",
      'ann sends chat.open {"userId": "${bob}"}', "ann gets error not_found")
    fails("expected: error forbidden", "ann connects", 'ann sends chat.open {"userId": "nobody"}',
      "ann gets error forbidden")
  end)

  it("knows more members from exactly these", function()
    local open = 'ann sends user.get {"userIds": ["${ann}"]}'
    holds("ann connects", open, 'ann gets ok {"users": [{"userId": "${ann}"}]}')
    fails("expected", "ann connects", open, 'ann gets ok exactly {"users": [{"userId": "${ann}"}]}')
    fails("expected", "ann connects", open, 'ann gets ok {"users": []}')
    fails("expected", "ann connects", open, 'ann gets ok {"users": [{"username": "${none}"}]}')
    fails("expected", "ann connects", open, 'ann gets ok {"users": [{"avatar": "${any}"}]}')
  end)

  it("fails at a connection that ended otherwise", function()
    fails("expected: 4403", "ann connects", "ann is closed 4403")
    fails("got:      1006", "ann connects", "ann drops", "ann is open")
  end)

  it("fails at what it does not understand", function()
    fails("README", "ann connects", "ann jumps")
    fails("nobody called", "bob gets nothing")
    fails("nobody said", "ann connects", 'ann sends chat.open {"userId": "${m1.x}"}')
    fails("not JSON", "ann connects", 'ann sends chat.open {"userId": }')
    fails("does not reload", "ann connects", "reload nothing")
  end)

  it("without a title is none", function()
    local ok, _, why = story.tell("ann connects\n")
    assert.is_nil(ok)
    assert.is_truthy(why.message:find("begins with"), why.message)
  end)
end)
