# In slow mode a member waits between two messages and an admin does not
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann sends group.update {"chatId": "${g.chatId}", "slowModeS": 10}
bob says "1" in ${g.chatId}
bob says "2" in ${g.chatId}
bob gets error rate_limited {"retryAfterMs": "${any}"}
2 times ann says "fast" in ${g.chatId}
clock +11s
bob says "2" in ${g.chatId}
bob gets ok {"duplicate": false}
