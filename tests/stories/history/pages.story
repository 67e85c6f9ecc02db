# History gives the newest, what is before and what is after, ascending, and says if there is more
ann, bob connect
5 times ann says "hi" to bob as m
bob sends chat.history {"chatId": "${m.chatId}", "limit": 2}
bob gets ok {"entries": [{"seq": 4}, {"seq": 5}], "more": true}
bob sends chat.history {"chatId": "${m.chatId}", "before": 3, "limit": 2}
bob gets ok {"entries": [{"seq": 1}, {"seq": 2}], "more": false}
bob sends chat.history {"chatId": "${m.chatId}", "after": 0, "limit": 3}
bob gets ok {"entries": [{"seq": 1}, {"seq": 2}, {"seq": 3}], "more": true}
bob sends chat.history {"chatId": "${m.chatId}", "after": 5}
bob gets ok exactly {"entries": [], "more": false}
