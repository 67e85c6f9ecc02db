# Deleting a pinned message takes its pin away
ann, bob connect
ann says "rules" to bob as m1
ann sends chat.pin {"chatId": "${m1.chatId}", "target": 1, "on": true}
bob forgets
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
bob gets chat.updated {"pins": []}
bob sends sync.pull {}
bob gets ok {"chats": [{"pins": []}]}
