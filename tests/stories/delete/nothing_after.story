# A deleted message takes no edit, no reaction and no pin
ann, bob connect
ann says "hi" to bob as m1
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
ann sends chat.edit {"chatId": "${m1.chatId}", "target": 1, "content": {"text": "back"}}
ann gets error not_found
bob sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "👍", "on": true}
bob gets error not_found
bob sends chat.pin {"chatId": "${m1.chatId}", "target": 1, "on": true}
bob gets error not_found
