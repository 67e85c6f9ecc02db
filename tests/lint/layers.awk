# The include arrows: who may include whom, and which outside header lives
# where. Prints `file:line: X may not include Y` and ends with status 1.
# Reads C files named from the project's root. A line that says
# `layers: REASON` in a comment is let through.

function allow(from, list,    i, n, parts) {
    n = split(list, parts, " ")
    for (i = 1; i <= n; i++) {
        allowed[from, parts[i]] = 1
    }
    known[from] = 1
}

function wall(header, list,    i, n, parts) {
    n = split(list, parts, " ")
    for (i = 1; i <= n; i++) {
        home[header, parts[i]] = 1
    }
    walled[header] = 1
}

BEGIN {
    allow("host/base", "host/base")
    allow("host/loop", "host/base host/loop")
    allow("host/crypto", "host/base host/loop host/crypto")
    allow("host/net", "host/base host/loop host/net")
    allow("storage", "host/base host/loop storage")
    allow("host/session", "host/base host/loop host/crypto host/net storage host/session")
    allow("lua", "host/base host/loop host/crypto host/net storage host/session lua")
    all = "host/base host/loop host/crypto host/net storage host/session lua host"
    allow("host", all)
    allow("tests", all " tests")

    wall("uv.h", "host/loop")
    wall("sodium.h", "host/crypto")
    wall("libwebsockets.h", "host/net host/cli")
    wall("openssl", "host/net")
    wall("sqlite3.h", "storage")
    wall("curl", "storage")
    wall("lua.h", "lua")
    wall("lauxlib.h", "lua")
    wall("lualib.h", "lua")
}

# The folder that a path's rules hang on; host/cli and host/*.c are "host".
function layer_of(path,    parts, n) {
    n = split(path, parts, "/")
    if (parts[1] == "host" && n > 2 && ("host/" parts[2]) in known) {
        return "host/" parts[2]
    }
    return parts[1]
}

function folder_of(path) {
    sub("/[^/]*$", "", path)
    return path
}

function complain(what) {
    printf "%s:%d: %s\n", FILENAME, FNR, what
    bad = 1
}

function check_ours(path,    from, to) {
    from = layer_of(FILENAME)
    to = layer_of(path)
    if (from == "tests" && path !~ "/") {
        return # a fixture beside the test
    }
    if (path !~ "/" || path ~ "^\\.") {
        complain("\"" path "\" must be named from the project's root")
    } else if (!((from, to) in allowed)) {
        complain(from " may not include " to)
    } else if (path ~ "_private\\.h$" && from != "tests" &&
               folder_of(path) != folder_of(FILENAME)) {
        complain(path " belongs to its own folder and its tests")
    }
}

function check_outside(path,    head, folder) {
    head = path
    sub("/.*", "", head)
    folder = folder_of(FILENAME)
    if (!(head in walled) || layer_of(FILENAME) == "tests") {
        return
    }
    if (!((head, folder) in home) && !((head, layer_of(FILENAME)) in home)) {
        complain(folder " may not include <" path ">")
    }
}

/^[ \t]*#[ \t]*include/ && !/layers: [^ ]/ {
    if (match($0, "\"[^\"]*\"")) {
        check_ours(substr($0, RSTART + 1, RLENGTH - 2))
    } else if (match($0, "<[^>]*>")) {
        check_outside(substr($0, RSTART + 1, RLENGTH - 2))
    }
}

END { exit bad }
