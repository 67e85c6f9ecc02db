-- ends: ERR_PLUGIN too complex
-- many captures inside each other recurse
return ('a'):rep(1000):match(('a?'):rep(300))
