-- A plugin sees the sandbox's globals and nothing else; `mesh` is a parameter.
stds.cell = {
  read_globals = {
    "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen",
    "rawset", "require", "select", "setmetatable", "getmetatable", "tonumber", "tostring",
    "type", "xpcall", "_VERSION", "coroutine", "math", "string", "table", "utf8",
  },
}

std = "lua54"
max_line_length = 100
max_cyclomatic_complexity = 10
-- A handler has the signature of its kind, used or not.
unused_args = false
exclude_files = { "**/node_modules/**", "build/**", "tests/fuzz/corpus/**", "tests/vectors/**" }

for _, folder in ipairs { "plugins", "examples", "lua/lib", "sdk/templates" } do
  files[folder] = { std = "cell" }
end
for _, folder in ipairs { "plugins/*/spec", "examples/*/spec", "sdk/templates/*/spec" } do
  files[folder] = { std = "lua54+busted" }
end
files["tests/**"] = { std = "lua54+busted" }
-- Attacks look for what must be absent, and keep what nobody needs.
files["tests/sandbox"] = {
  std = "lua54", globals = { "loadstring", "newproxy", "setfenv" }, unused = false, max_line_length = false,
}
