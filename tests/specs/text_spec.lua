-- mesh.text: the one rule for names, titles and what people say about themselves.
local harness = require "harness"

describe("mesh.text", function()
  local host, client

  setup(function()
    host = harness.start { plugins = { "tests/specs/plugins" } }
    client = assert(host:connect())
  end)
  teardown(function()
    host:stop()
  end)

  local function clean(text, lines)
    return assert(client:call("texts.clean", { text = text, lines = lines })).text
  end

  it("leaves plain and foreign names as they are", function()
    for _, name in ipairs {
      "Ann", "O'Neill, J. (2nd)", "Łódź", "Ελένη", "Йосип", "مریم", "ナオミ", "王小明", "한국",
      "👩‍👩‍👧", "❤️", "क्‍ष", "می‌خواهم",
    } do
      assert.equal(name, clean(name))
    end
  end)

  it("makes one space of white space and none at the ends", function()
    assert.equal("a b", clean("  a \t\u{a0}\u{3000} b\n"))
    assert.equal("a b", clean("a\r\nb"))
    assert.equal("", clean(" \u{2003}\n\t"))
    assert.equal("", clean("\u{2800}"))
  end)

  it("keeps line ends where they are asked for", function()
    assert.equal("a\n\nb c", clean("a \n\nb  c\n\n", true))
    assert.equal("a\nb", clean("a\u{2028}b", true))
  end)

  it("takes controls of the writing direction out", function()
    assert.equal("admin", clean("ad\u{202e}min\u{202c}"))
    assert.equal("admin", clean("\u{2066}ad\u{200f}mi\u{61c}n\u{2069}"))
  end)

  it("takes what nobody sees out", function()
    for _, c in ipairs {
      0x01, 0x7f, 0x9b, 0xad, 0x34f, 0x115f, 0x180e, 0x200b, 0x200c, 0x200d, 0x2060, 0x3164, 0xfeff,
      0xfe00, 0xfff9, 0xfdd0, 0x1fffe, 0xe0041, 0xe0100,
    } do
      assert.equal("ann", clean("a" .. utf8.char(c) .. "nn"), ("U+%04X"):format(c))
      assert.equal("", clean(utf8.char(c, c)), ("U+%04X alone"):format(c))
    end
  end)

  it("lets no joiner stand twice, at an end or beside a space", function()
    assert.equal("می\u{200c}خ", clean("می\u{200c}\u{200c}\u{200d}خ"))
    assert.equal("می", clean("\u{200c}می\u{200c}"))
    assert.equal("می خ", clean("می\u{200c} خ"))
  end)

  it("lets four marks stand on a letter and none on nothing", function()
    assert.equal(5, utf8.len(clean("q" .. ("\u{331}"):rep(60))))
    assert.equal("a", clean("\u{301}a"))
    assert.equal("a b", clean("a \u{301}b"))
  end)

  it("makes letters that look the same the same", function()
    assert.equal("é", clean("e\u{301}"))
    assert.equal("ế", clean("e\u{302}\u{301}"))
    assert.equal("ệ", clean("e\u{302}\u{323}"))
    assert.equal("ệ", clean("ẹ\u{302}"))
    assert.equal("Å", clean("\u{212b}"))
    assert.equal("ά", clean("\u{1f71}"))
    assert.equal("が", clean("か\u{3099}"))
  end)

  it("changes nothing the second time", function()
    for _, text in ipairs { "a\u{323}\u{302} \u{200b} b", "q\u{301}\u{316}", "❤️ " } do
      local once = clean(text)
      assert.equal(once, clean(once))
    end
  end)

  it("is for strings only", function()
    assert.same({}, client:call("texts.misuse", {}))
  end)
end)
