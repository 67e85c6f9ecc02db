-- ends: ERR_PLUGIN a b
-- a message that would forge a line of the log
error('a\nb', 0)
