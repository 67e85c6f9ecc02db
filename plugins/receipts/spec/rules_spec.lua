-- Whom a mark is told to, without a host.
local here = debug.getinfo(1, "S").source:match("^@(.*)spec/") or "./"
local rules = dofile(here .. "rules.lua")

describe("a mark", function()
  it("is told with reads to those who see them, and without to those who hide", function()
    local seeing, hiding = rules.split {
      { userId = "ann", sees = true },
      { userId = "bob", sees = false },
      { userId = "cid", sees = true },
    }
    assert.same({ "ann", "cid" }, seeing)
    assert.same({ "bob" }, hiding)
  end)

  it("keeps delivered whatever is said of read", function()
    local mark = { delivered = 9, read = 8, shown = 5 }
    assert.same({ chatId = "c", userId = "ann", delivered = 9, read = 5 },
      rules.update_of("c", "ann", mark, mark.shown))
  end)
end)
