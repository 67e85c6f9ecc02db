# A reaction is seen by both sides, until it is taken back
ann, bob connect
ann says "hi" to bob as m1
bob sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "👍", "on": true}
bob gets ok {"seq": 2}
ann gets chat.reaction {"seq": 2, "kind": "reaction", "target": 1, "emoji": "👍", "on": true, "senderId": "${bob}"}
ann sends chat.history {"chatId": "${m1.chatId}", "limit": 2}
ann gets ok {"entries": [{"seq": 1, "reactions": [{"emoji": "👍", "userIds": ["${bob}"]}]}, {"seq": 2}]}
bob sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "👍", "on": false}
ann gets chat.reaction {"seq": 3, "on": false}
ann sends chat.history {"chatId": "${m1.chatId}", "before": 2}
ann gets ok {"entries": [{"seq": 1, "reactions": "${none}"}]}
