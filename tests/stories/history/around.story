# Around is centred and inclusive
ann, bob connect
5 times ann says "hi" to bob as m
bob sends chat.history {"chatId": "${m.chatId}", "around": 3, "limit": 3}
bob gets ok {"entries": [{"seq": 2}, {"seq": 3}, {"seq": 4}], "more": true}
bob sends chat.history {"chatId": "${m.chatId}", "around": 3, "limit": 5}
bob gets ok {"entries": [{"seq": 1}, {"seq": 2}, {"seq": 3}, {"seq": 4}, {"seq": 5}], "more": false}
