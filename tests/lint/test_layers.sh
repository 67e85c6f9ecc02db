#!/bin/sh
# shellcheck source=tests/lint/check.sh
. "$(dirname -- "$0")/check.sh"
layers() {
    awk -f "$root/tests/lint/layers.awk" "$@"
}

echo '#include "host/base/buf.h"' | put host/net/ok.c
passes "a layer may look left" layers host/net/ok.c

echo '#include "host/session/session.h"' | put host/net/up.c
fails "a layer may not look right" layers host/net/up.c
says "the complaint names file, line and arrow" \
    "host/net/up.c:1: host/net may not include host/session"

echo '#include "host/crypto/random.h"' | put host/net/side.c
fails "neighbours do not see each other" layers host/net/side.c

printf '#include "host/app.h"\n' | put lua/app.c
fails "only main sees the application" layers lua/app.c
printf '#include "lua/cell.h"\n' | put host/cli/chat.c
passes "the command line sees everything" layers host/cli/chat.c

echo '#include "buf.h"' | put host/base/near.c
fails "paths are named from the root" layers host/base/near.c
echo '#include "../base/buf.h"' | put host/base/dots.c
fails "no path climbs" layers host/base/dots.c

echo '#include <sqlite3.h>' | put storage/db.c
passes "sqlite lives in storage" layers storage/db.c
echo '#include <sqlite3.h>' | put lua/db.c
fails "sqlite lives nowhere else" layers lua/db.c
echo '#include <curl/curl.h>' | put host/app.c
fails "curl stays in storage" layers host/app.c
echo '#  include <uv.h>' | put host/net/uv.c
fails "a space in the directive hides nothing" layers host/net/uv.c
echo '#include <uv.h> /* layers: the library hands us its loop */' | put host/net/uv.c
passes "an exception with a reason is let through" layers host/net/uv.c

echo '#include "host/base/utf8_private.h"' | put host/loop/peek.c
fails "a private header belongs to its folder" layers host/loop/peek.c
echo '#include "host/base/utf8_private.h"' | put tests/unit/base/test_utf8.c
passes "a test may see a private header" layers tests/unit/base/test_utf8.c
plan
