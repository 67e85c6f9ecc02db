# Replacing the chat plugin drops no connection and no message
ann, bob connect
ann says "1" to bob as m1
reload chat
ann says "2" to bob
reload chat
bob gets chat.message {"seq": 1}
bob gets chat.message {"seq": 2}
bob says "3" to ann
ann gets chat.message {"seq": 3}
ann, bob are open
bob sends chat.history {"chatId": "${m1.chatId}"}
bob gets ok {"entries": [{"seq": 1}, {"seq": 2}, {"seq": 3}], "more": false}
