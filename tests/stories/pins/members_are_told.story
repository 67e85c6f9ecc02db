# A pin is told to the members without an entry, and is in the chat's state
ann, bob connect
ann says "rules" to bob as m1
bob sends chat.pin {"chatId": "${m1.chatId}", "target": 1, "on": true}
ann gets chat.updated {"chatId": "${m1.chatId}", "pins": [1]}
ann sends sync.pull {}
ann gets ok {"chats": [{"pins": [1], "lastSeq": 1}]}
ann sends chat.pin {"chatId": "${m1.chatId}", "target": 1, "on": false}
bob gets chat.updated
bob sends sync.pull {}
bob gets ok {"chats": [{"pins": []}]}
