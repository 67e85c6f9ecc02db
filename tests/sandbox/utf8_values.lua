-- ends: ERR_PLUGIN|ERR_BUDGET
-- as many values as there are characters
return select('#', utf8.codepoint(('a'):rep(2000000), 1, -1))
