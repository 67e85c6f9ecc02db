# A user over all connections has a burst of 200 calls, then is told when to try again
host {"limits": true}
ann connects
ann's phone connects
100 times ann sends session.list {}
98 times ann's phone sends session.list {}
5 times ann notifies typing.set {"chatId": "nowhere", "state": "idle"}
ann sends session.list {}
ann gets error rate_limited {"retryAfterMs": "${any}"}
clock +1s
ann sends session.list {}
ann's phone gets ok
ann is open
