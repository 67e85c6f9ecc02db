# At gives the first entry at that time or later, and what follows
ann, bob connect
ann says "first" to bob as m1
clock +100s
ann says "second" to bob as m2
ann says "third" to bob
bob sends chat.history {"chatId": "${m1.chatId}", "at": "${now-50s}"}
bob gets ok {"entries": [{"content": {"text": "second"}}, {"content": {"text": "third"}}], "more": false}
bob sends chat.history {"chatId": "${m1.chatId}", "at": "${m1.sentAt}", "limit": 1}
bob gets ok {"entries": [{"content": {"text": "first"}}], "more": true}
bob sends chat.history {"chatId": "${m1.chatId}", "at": "${now+50s}"}
bob gets ok exactly {"entries": [], "more": false}
