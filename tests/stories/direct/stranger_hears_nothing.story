# A third person hears nothing of two people's talk and can't read it
ann, bob, eve connect
ann says "hi" to bob as m1
eve gets nothing
eve sends chat.history {"chatId": "${m1.chatId}"}
eve gets error not_found
eve sends chat.send {"chatId": "${m1.chatId}", "type": "text", "content": {"text": "me too"}}
eve gets error not_found
bob forgets
eve sends sync.pull {}
eve gets ok {"chats": []}
