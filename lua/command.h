/* Commands that plugins offer to operators, run on worker 0. */
#ifndef LUA_COMMAND_H
#define LUA_COMMAND_H

#include "lua/core.h"

#define COMMAND_ARGS_BYTES_MAX 65536

#endif
