-- Tells the stories given as arguments and prints TAP.
local story = require "story"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local failed = 0
print("1.." .. #arg)
for i, path in ipairs(arg) do
  local ok, title, why = story.tell(read(path))
  print(("%s %d - %s: %s"):format(ok and "ok" or "not ok", i, path, title))
  if not ok then
    failed = failed + 1
    print(("# %s:%d: %s"):format(path, why.line, (why.message:gsub("\n", "\n#   "))))
  end
  io.flush()
end
os.exit(failed == 0)
