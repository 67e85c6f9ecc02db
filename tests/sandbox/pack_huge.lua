-- ends: ERR_PLUGIN too much
-- pack of a fixed size of 2 GB
return string.pack('c2147483647', '')
