# A fresh device learns of every chat, newest first
ann, bob, cid connect
ann says "hi bob" to bob as m1
clock +1s
cid says "hi ann" to ann as m2
ann's phone connects
ann's phone sends sync.pull {}
ann's phone gets ok {"chats": [{"chatId": "${m2.chatId}", "kind": "direct", "userId": "${cid}", "unread": 1, "last": {"content": {"text": "hi ann"}}}, {"chatId": "${m1.chatId}", "userId": "${bob}", "unread": 0, "last": {"content": {"text": "hi bob"}}}], "more": false}
