-- What people type becomes the index's query language, and nothing of it is obeyed.
local here = debug.getinfo(1, "S").source:match("^@(.*)rules_spec") or "./"
local rules = dofile(here .. "../rules.lua")

describe("a query", function()
  local function terms(query)
    local list = {}
    for i, term in ipairs(rules.terms(query)) do
      list[i] = term.text .. (term.prefix and "|*" or "")
    end
    return table.concat(list, " / ")
  end

  it("is words, phrases and beginnings of either", function()
    assert.equal("a / b", terms("  a b\t"))
    assert.equal("a b / c", terms('"a b" c'))
    assert.equal("a|* / b c|*", terms('a* "b c"*'))
  end)

  it("ends an open phrase at its end, and begins one inside a word", function()
    assert.equal("a b c", terms('"a b c'))
    assert.equal("a / b c / d", terms('a"b c"d'))
  end)

  it("leaves out what has no word in it", function()
    for _, query in ipairs { "", " ", "*", "**", '"', '""', '" "', "-- !", '"*"*' } do
      assert.equal("", terms(query))
      assert.is_nil((rules.match_body(query)))
    end
  end)

  it("has each word quoted, so that none is an operator", function()
    assert.equal('body : ("NOT" AND "chat:x")', rules.match_body("NOT chat:x"))
    assert.equal('body : ("a)" AND "b" *)', rules.match_body("a) b*"))
  end)

  it("names chats by one word each", function()
    assert.equal("c2d5f41", rules.chat_word("-_A"))
    assert.equal('b AND chat : ("c61" OR "c62")', rules.match("b", { "a", "b" }))
    assert.equal("b", rules.match("b", nil))
  end)

  it("has at most so many words", function()
    assert.is_string((rules.match_body(("w "):rep(rules.TERMS_MAX))))
    local _, kind = rules.match_body(("w "):rep(rules.TERMS_MAX + 1))
    assert.equal("too_large", kind)
  end)
end)

describe("a marked text", function()
  local function shown(marked)
    local list = {}
    for i, part in ipairs(rules.parts(marked)) do
      list[i] = (part.hit and "+" or "-") .. part.text
    end
    return table.concat(list, "|")
  end

  it("is parts that were found and parts that were not", function()
    assert.equal("-a|+b|-c", shown("a\2b\3c"))
    assert.equal("+b|+c", shown("\2b\3\2c\3"))
    assert.equal("-abc", shown("abc"))
    assert.equal("", shown(""))
  end)

  it("may lack its last mark", function()
    assert.equal("-a|+b", shown("a\2b"))
  end)
end)
