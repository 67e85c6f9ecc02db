# only what the caller sees can be hidden, and a stranger learns nothing
ann, bob, eve connect
ann says "one" to bob as m1
eve sends  chat.hide {"chatId": "${m1.chatId}", "targets": [1]}
eve gets error not_found
eve sends  chat.hide {"chatId": "nowhere", "targets": [1]}
eve gets the same
bob sends  chat.hide {"chatId": "${m1.chatId}", "targets": [1, 2]}
bob gets error not_found
bob sends  chat.history {"chatId": "${m1.chatId}"}
bob gets   ok {"entries": [{"seq": 1, "content": {"text": "one"}}]}
