# Setting what is set answers the old seq; unsetting what is not set finds nothing
ann, bob connect
ann says "hi" to bob as m1
bob sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "👍", "on": true}
bob sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "👍", "on": true}
bob gets ok {"seq": 2}
ann gets chat.reaction
ann gets nothing chat.reaction
ann sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "👍", "on": false}
ann gets error not_found
bob sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "🎉", "on": true}
bob gets ok {"seq": 3}
ann sends chat.react {"chatId": "${m1.chatId}", "target": 2, "emoji": "👍", "on": true}
ann gets error not_found
